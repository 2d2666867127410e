//! What a VM of the filter takes: the size of its linear memory, which never shrinks.
//!
//! Envoy does not tell. V8 reserves the whole address space that a module could ever use and opens
//! its first part, so in the kernel's list a linear memory is what is open in front of some
//! gigabytes that are closed. That is the size that the module sees, touched or not.

use std::{fs, io};

use crate::envoy::Envoy;

/// No other mapping of Envoy has that much closed space behind it.
const GUARD_BYTES: u64 = 2 << 30;

/// The largest linear memory of this Envoy in bytes. Its main thread has a VM of each filter, too,
/// which serves nothing; so the largest is a worker's.
pub(crate) fn largest_vm(envoy: &Envoy) -> io::Result<u64> {
    let text = fs::read_to_string(envoy.proc("maps"))?;
    let maps: Vec<_> = text.lines().filter_map(mapping).collect();
    let memories = maps.windows(2).filter_map(|pair| match pair {
        [open, guard]
            if open.is_open
                && !guard.is_open
                && open.end == guard.start
                && guard.end - guard.start > GUARD_BYTES =>
        {
            Some(open.end - open.start)
        }
        _ => None,
    });
    memories
        .max()
        .ok_or_else(|| io::Error::other("no linear memory among Envoy's mappings"))
}

struct Mapping {
    start: u64,
    end: u64,
    is_open: bool,
}

fn mapping(line: &str) -> Option<Mapping> {
    let (range, rest) = line.split_once(' ')?;
    let (start, end) = range.split_once('-')?;
    Some(Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        is_open: rest.starts_with("rw"),
    })
}
