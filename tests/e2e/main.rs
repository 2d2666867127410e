//! Everything together, as a person, an application and an attacker would meet it.

mod brute_force;
mod ceremonies;
mod conformance;
mod edge;
mod full_disk;
mod harness;
mod hostile;
mod istio;
mod live;
mod manifests;
mod operate;
mod people;
mod policies;
mod requests;
mod rules;
mod scripts;
mod sockets;
mod strangers;
mod tls;
mod vault;
