//! Headless Chromium with a virtual authenticator, driven over its `DevTools` protocol.

use std::collections::VecDeque;
use std::fs;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tungstenite::{Message, WebSocket};

use crate::process::Process;
use crate::{Client, programs, wait};

/// A running browser with a profile of its own.
pub struct Browser {
    process: Process,
    port: u16,
    _profile: TempDir,
}

/// One tab.
pub struct Page {
    socket: WebSocket<TcpStream>,
    next_id: u64,
    events: VecDeque<Value>,
    /// Problems that the page's console reported: script errors, violations of its policy.
    console: Vec<String>,
}

impl Browser {
    /// Starts a browser with an empty profile.
    ///
    /// # Panics
    /// When it does not start, with its own words.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[], &json!({}))
    }

    /// [`Browser::start`] with further command-line switches.
    ///
    /// # Panics
    /// When it does not start, with its own words.
    #[must_use]
    pub fn with_switches(switches: &[&str]) -> Self {
        Self::start_with(switches, &json!({}))
    }

    /// [`Browser::start`] with preferences that a person would have set.
    ///
    /// # Panics
    /// When it does not start, with its own words.
    #[must_use]
    pub fn with_preferences(preferences: &Value) -> Self {
        Self::start_with(&[], preferences)
    }

    fn start_with(switches: &[&str], preferences: &Value) -> Self {
        let profile = tempfile::tempdir().expect("a temporary directory");
        let default = profile.path().join("Default");
        fs::create_dir(&default).expect("the profile can be written");
        fs::write(default.join("Preferences"), preferences.to_string()).expect("preferences");
        let profile_switch = format!("--user-data-dir={}", profile.path().display());
        let mut arguments = vec![
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--log-level=3",
            "--remote-debugging-port=0",
            "--lang=en-GB",
            "--window-size=1280,900",
            profile_switch.as_str(),
        ];
        arguments.extend_from_slice(switches);
        arguments.push("about:blank");
        let mut process = Process::start(
            "chromium",
            profile.path(),
            &programs::chromium(),
            &arguments,
        );
        let port_file = profile.path().join("DevToolsActivePort");
        let port = wait::until("the browser listens", || {
            if let Some(status) = process.exited() {
                panic!("the browser ended ({status}):\n{}", process.log());
            }
            fs::read_to_string(&port_file)
                .ok()?
                .lines()
                .next()?
                .parse()
                .ok()
        });
        Self {
            process,
            port,
            _profile: profile,
        }
    }

    /// Opens a tab.
    ///
    /// # Panics
    /// When the browser does not do as told.
    #[must_use]
    pub fn page(&self) -> Page {
        let client = Client::new(self.port);
        let target = client.request("PUT", "/json/new?about:blank").send().json();
        let url = target["webSocketDebuggerUrl"]
            .as_str()
            .expect("the tab's address");
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the browser listens");
        stream
            .set_read_timeout(Some(Duration::from_mins(1)))
            .expect("a time limit");
        let (socket, _) = tungstenite::client(url, stream).expect("the browser talks WebSocket");
        let mut page = Page {
            socket,
            next_id: 0,
            events: VecDeque::new(),
            console: Vec::new(),
        };
        for domain in ["Page", "Runtime", "Network", "Log"] {
            page.call(&format!("{domain}.enable"), &json!({}));
        }
        page
    }

    /// The process, for its log.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

impl Page {
    /// Calls a `DevTools` method and gives its result.
    ///
    /// # Panics
    /// When the browser answers with an error.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.try_call(method, parameters)
            .unwrap_or_else(|error| panic!("{method} {parameters}: {error}"))
    }

    fn try_call(&mut self, method: &str, parameters: &Value) -> Result<Value, Value> {
        self.next_id += 1;
        let id = self.next_id;
        let text = json!({"id": id, "method": method, "params": parameters}).to_string();
        self.socket
            .send(Message::text(text))
            .expect("the browser listens");
        loop {
            let mut message = self.read();
            if message["id"] == id {
                return match message.get_mut("error") {
                    Some(error) => Err(error.take()),
                    None => Ok(message["result"].take()),
                };
            }
            self.note(message);
        }
    }

    fn read(&mut self) -> Value {
        loop {
            let message = self.socket.read().expect("the browser answers");
            if let Message::Text(text) = message {
                return serde_json::from_str(&text).expect("the browser speaks JSON");
            }
        }
    }

    fn note(&mut self, event: Value) {
        let parameters = &event["params"];
        match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                self.console
                    .push(parameters["exceptionDetails"].to_string());
            }
            // A refused request is noted as an error of the network, and may well be wanted.
            Some("Log.entryAdded")
                if parameters["entry"]["level"] == "error"
                    && parameters["entry"]["source"] != "network" =>
            {
                self.console.push(parameters["entry"].to_string());
            }
            Some("Runtime.consoleAPICalled") if parameters["type"] == "error" => {
                self.console.push(parameters["args"].to_string());
            }
            _ => {}
        }
        if self.events.len() == 1000 {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// What the console has complained about since the last call.
    pub fn take_console(&mut self) -> Vec<String> {
        // Any call reads the events that were still under way.
        self.call("Runtime.evaluate", &json!({"expression": "0"}));
        std::mem::take(&mut self.console)
    }

    /// Gives the tab an authenticator in software that says yes whenever it is asked, and returns
    /// its id. `transport` is `internal` or `usb`; a browser has one `internal` at most.
    ///
    /// # Panics
    /// When the browser does not do as told.
    pub fn add_authenticator(&mut self, transport: &str) -> String {
        self.add_authenticator_that(transport, false)
    }

    /// The same with one whose passkeys are synced between devices.
    ///
    /// # Panics
    /// When the browser does not do as told.
    pub fn add_synced_authenticator(&mut self, transport: &str) -> String {
        self.add_authenticator_that(transport, true)
    }

    fn add_authenticator_that(&mut self, transport: &str, syncs: bool) -> String {
        self.call("WebAuthn.enable", &json!({"enableUI": false}));
        let options = json!({
            "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": transport,
            "hasResidentKey": true, "hasUserVerification": true,
            "isUserVerified": true, "automaticPresenceSimulation": true,
            "defaultBackupEligibility": syncs, "defaultBackupState": syncs,
        });
        let answer = self.call(
            "WebAuthn.addVirtualAuthenticator",
            &json!({"options": options}),
        );
        answer["authenticatorId"]
            .as_str()
            .expect("the authenticator's id")
            .to_owned()
    }

    /// Takes an authenticator away, with all that it holds.
    pub fn remove_authenticator(&mut self, authenticator: &str) {
        let parameters = json!({"authenticatorId": authenticator});
        self.call("WebAuthn.removeVirtualAuthenticator", &parameters);
    }

    /// Whether the authenticator answers by itself, or leaves the browser waiting.
    pub fn answer_by_itself(&mut self, authenticator: &str, enabled: bool) {
        self.call(
            "WebAuthn.setAutomaticPresenceSimulation",
            &json!({"authenticatorId": authenticator, "enabled": enabled}),
        );
    }

    /// The credentials that an authenticator holds.
    pub fn credentials(&mut self, authenticator: &str) -> Vec<Value> {
        let parameters = json!({"authenticatorId": authenticator});
        let answer = self.call("WebAuthn.getCredentials", &parameters);
        answer["credentials"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Opens an address and waits until the page, redirects followed, has loaded.
    ///
    /// # Panics
    /// When the browser cannot open it.
    pub fn open(&mut self, url: &str) {
        let answer = self.call("Page.navigate", &json!({"url": url}));
        assert!(answer.get("errorText").is_none(), "{url}: {answer}");
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// Evaluates an expression, awaiting a promise, and gives its value.
    ///
    /// # Panics
    /// When the expression throws.
    pub fn eval(&mut self, expression: &str) -> Value {
        self.try_eval(expression)
            .unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    fn try_eval(&mut self, expression: &str) -> Result<Value, Value> {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true,
            "userGesture": true,
        });
        let mut answer = self.try_call("Runtime.evaluate", &parameters)?;
        match answer.get_mut("exceptionDetails") {
            Some(details) => Err(details.take()),
            None => Ok(answer["result"]["value"].take()),
        }
    }

    /// Waits until an expression is true; navigation in between does not matter.
    ///
    /// # Panics
    /// When it never is, showing where the page is and what it says.
    pub fn wait_for(&mut self, condition: &str) {
        let met = wait::within(Duration::from_secs(20), || {
            let met = self.try_eval(&format!("Boolean({condition})")).ok()? == true;
            met.then_some(())
        });
        if met.is_none() {
            let state = self.try_eval("location.href + '\\n' + document.body?.innerText");
            let console = self.take_console();
            panic!("never true: {condition}\nthe page: {state:?}\nits console: {console:?}");
        }
    }

    /// Waits until the tab shows `path`, loaded.
    pub fn wait_for_path(&mut self, path: &str) {
        let path = Value::from(path);
        self.wait_for(&format!(
            "location.pathname + location.search === {path} && document.readyState === 'complete'"
        ));
    }

    /// The text that the page shows.
    pub fn text(&mut self) -> String {
        self.eval("document.body.innerText")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Clicks the middle of the first element that the selector names, as a mouse would.
    ///
    /// # Panics
    /// When it never appears.
    pub fn click(&mut self, selector: &str) {
        let element = format!("document.querySelector({})", Value::from(selector));
        self.wait_for(&format!(
            "{element}?.checkVisibility() && !{element}.disabled"
        ));
        let middle = self.eval(&format!(
            "(() => {{ const e = {element}; e.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const r = e.getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            self.call(
                "Input.dispatchMouseEvent",
                &json!({"type": kind, "x": middle[0], "y": middle[1],
                        "button": "left", "clickCount": 1}),
            );
        }
    }

    /// Replaces what stands in a text field, as typing would.
    pub fn fill(&mut self, selector: &str, text: &str) {
        let element = format!("document.querySelector({})", Value::from(selector));
        self.wait_for(&format!("{element}?.checkVisibility()"));
        self.eval(&format!("{element}.focus(), {element}.select()"));
        self.call("Input.insertText", &json!({"text": text}));
    }

    /// Presses and releases a key that has a name (`Enter`, `Tab`, `Escape`).
    pub fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Enter" => (13, "\r"),
            "Tab" => (9, ""),
            "Escape" => (27, ""),
            _ => (32, " "),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            self.call(
                "Input.dispatchKeyEvent",
                &json!({"type": kind, "key": key, "code": key, "text": text,
                        "windowsVirtualKeyCode": code, "nativeVirtualKeyCode": code}),
            );
        }
    }

    /// The cookies that the browser would send to the tab's address.
    pub fn cookies(&mut self) -> Vec<Value> {
        let answer = self.call("Network.getCookies", &json!({}));
        answer["cookies"].as_array().cloned().unwrap_or_default()
    }

    /// What axe-core finds wrong with the page as it stands: rule, element, advice.
    ///
    /// # Panics
    /// When axe-core does not run.
    pub fn axe(&mut self) -> Vec<Value> {
        let script = fs::read_to_string(programs::axe()).expect("axe-core can be read");
        self.call("Runtime.evaluate", &json!({"expression": script}));
        // Colours in the middle of a transition are nobody's; an endless animation cannot finish.
        self.eval("document.getAnimations().forEach(a => { try { a.finish() } catch {} })");
        let violations = self.eval(
            "axe.run().then(result => result.violations.flatMap(violation => violation.nodes
                .map(node => [violation.id, node.html, node.failureSummary])))",
        );
        violations.as_array().expect("axe-core's findings").clone()
    }
}
