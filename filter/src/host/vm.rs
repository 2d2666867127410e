//! What the host calls, and which of our contexts it means.
//!
//! The SDK would do this, with three tables and an allocation for each request, and with a note about
//! each call that stays when the client goes away. Here nothing is kept for a request that neither
//! waits nor has anything for its response.
#![expect(
    unsafe_code,
    reason = "the host finds these functions by their names; nothing else is done here"
)]

use std::{cell::RefCell, collections::BTreeMap, rc::Rc};

use proxy_wasm::types::Action;

use super::{
    Shared,
    abi::{self, Level},
    failure::{Failure, fail},
    http::Http,
    root::Root,
};

thread_local! {
    static VM: RefCell<Vm> = const { RefCell::new(Vm::new()) };
}

/// The contexts of this VM. Plugins whose code is the same share a VM, and while a configuration is
/// replaced there are two of one plugin.
struct Vm {
    roots: Vec<(u32, Rc<RefCell<Root>>)>,
    /// The root context of each request that is not in `others`.
    usual: Option<u32>,
    /// The root contexts of requests that have another one.
    others: BTreeMap<u32, u32>,
    /// Requests that wait, or have something for their response.
    kept: BTreeMap<u32, Http>,
}

impl Vm {
    const fn new() -> Self {
        Self {
            roots: Vec::new(),
            usual: None,
            others: BTreeMap::new(),
            kept: BTreeMap::new(),
        }
    }

    fn create_root(&mut self, id: u32) {
        self.roots.retain(|(known, _)| *known != id);
        self.roots.push((id, Rc::default()));
        self.usual.get_or_insert(id);
    }

    fn create_request(&mut self, id: u32, root: u32) {
        if self.usual != Some(root) {
            self.others.insert(id, root);
        }
    }

    fn root(&self, id: u32) -> Option<Rc<RefCell<Root>>> {
        let (_, root) = self.roots.iter().find(|(known, _)| *known == id)?;
        Some(Rc::clone(root))
    }

    /// What a request shares with its root context.
    fn shared(&self, request: u32) -> Option<Shared> {
        let root = self.others.get(&request).copied().or(self.usual)?;
        let root = self.root(root)?;
        let shared = root.try_borrow().ok()?.shared();
        Some(shared)
    }

    /// What the root contexts but this one share with their requests, the newest last.
    fn others(&self, root: u32) -> Vec<Shared> {
        let others = self.roots.iter().filter(|(id, _)| *id != root);
        others
            .filter_map(|(_, root)| Some(root.try_borrow().ok()?.shared()))
            .collect()
    }

    /// The first connection from this one on that must not stay open.
    fn next_over(&mut self, from: u32) -> Option<u32> {
        let mut kept = self.kept.range_mut(from..);
        kept.find_map(|(id, request)| request.take_over().then_some(*id))
    }

    /// Gives what was kept of a request, to be dropped where this is not borrowed.
    fn delete(&mut self, id: u32) -> Option<Http> {
        if self.roots.iter().any(|(root, _)| *root == id) {
            self.roots.retain(|(root, _)| *root != id);
            // The host deletes a root context after all of its requests.
            if self.usual == Some(id) {
                self.usual = self.roots.last().map(|(root, _)| *root);
            }
            return None;
        }
        self.others.remove(&id);
        self.kept.remove(&id)
    }
}

/// Not while the host is asked for anything: it may call back.
fn vm<T>(act: impl FnOnce(&mut Vm) -> T) -> Option<T> {
    VM.try_with(|vm| vm.try_borrow_mut().ok().map(|mut vm| act(&mut vm)))
        .ok()
        .flatten()
}

fn with_root<T>(id: u32, act: impl FnOnce(&mut Root) -> T) -> Option<T> {
    let root = vm(|vm| vm.root(id)).flatten()?;
    let mut root = root.try_borrow_mut().ok()?;
    Some(act(&mut root))
}

/// The request as it is, with what was kept of it.
fn request(id: u32) -> Option<Http> {
    vm(|vm| match vm.kept.remove(&id) {
        Some(kept) => Some(kept),
        None => vm.shared(id).map(Http::new),
    })
    .flatten()
}

fn keep(id: u32, request: Http) {
    if request.is_kept() {
        vm(|vm| vm.kept.insert(id, request));
    }
}

/// Finds the request that made a call. Envoy names it, the specification the root context.
fn caller(named: u32, call: u32) -> Option<u32> {
    vm(|vm| {
        let waits = |request: &Http| request.waits_for(call);
        if vm.kept.get(&named).is_some_and(waits) {
            return Some(named);
        }
        let mut kept = vm.kept.iter();
        kept.find(|(_, request)| waits(request)).map(|(id, _)| *id)
    })
    .flatten()
}

/// Ends one connection whose session was revoked, if there is any. One at a time: the host ends it when
/// this returns, and when that ends others with it (those of one HTTP/2 connection), it must not have
/// been told to end those as well.
fn end_one(root: u32) {
    let Some(from) = with_root(root, |root| root.looks_from()).flatten() else {
        return;
    };
    let found = vm(|vm| vm.next_over(from)).flatten();
    with_root(root, |root| root.has_found(found));
    let Some(request) = found else { return };
    let ended = abi::act_for(request).and_then(|()| abi::close_request());
    if let Err(status) = ended {
        abi::log(
            Level::Error,
            &format!("connection {request} stays open: {status}"),
        );
    }
}

// `scripts/link-filter` puts `proxy` in the place of `latch`: the SDK has functions of those names.

#[unsafe(no_mangle)]
extern "C" fn latch_on_context_create(id: u32, root: u32) {
    vm(|vm| match root {
        0 => vm.create_root(id),
        root => vm.create_request(id, root),
    });
}

#[unsafe(no_mangle)]
extern "C" fn latch_on_configure(root: u32, size: usize) -> u32 {
    let others = vm(|vm| vm.others(root)).unwrap_or_default();
    with_root(root, |root| root.on_configure(size, &others)).map_or(0, u32::from)
}

#[unsafe(no_mangle)]
extern "C" fn latch_on_tick(root: u32) {
    with_root(root, Root::on_tick);
    end_one(root);
}

#[unsafe(no_mangle)]
extern "C" fn latch_on_request_headers(id: u32, _: u32, _: u32) -> Action {
    let Some(mut request) = request(id) else {
        return fail(&Failure::NotConfigured);
    };
    let action = request.on_request_headers();
    keep(id, request);
    action
}

#[unsafe(no_mangle)]
extern "C" fn latch_on_request_trailers(id: u32, _: u32) -> Action {
    let Some(request) = request(id) else {
        return fail(&Failure::NotConfigured);
    };
    let action = request.on_request_trailers();
    keep(id, request);
    action
}

#[unsafe(no_mangle)]
extern "C" fn latch_on_response_headers(id: u32, _: u32, _: u32) -> Action {
    if let Some(mut request) = request(id) {
        request.on_response_headers();
        keep(id, request);
    }
    Action::Continue
}

#[unsafe(no_mangle)]
extern "C" fn latch_on_http_call_response(named: u32, call: u32, _: u32, body: usize, _: u32) {
    if with_root(named, |root| root.take_answer(call, body)) == Some(true) {
        end_one(named);
        return;
    }
    let Some(id) = caller(named, call) else {
        return;
    };
    if id != named
        && let Err(status) = abi::act_for(id)
    {
        abi::log(Level::Error, &format!("answer to request {id}: {status}"));
        return;
    }
    if let Some(mut request) = request(id) {
        request.on_answer(call, body);
        keep(id, request);
    }
}

#[unsafe(no_mangle)]
extern "C" fn latch_on_delete(id: u32) {
    // Outside, because a request that is dropped says so to its plugin.
    drop(vm(|vm| vm.delete(id)));
}
