//! What the engine knows, as Tcl values: the fields of the monitor stream by their own names,
//! an object as a dict, nothing as an empty string.

use std::sync::Arc;

use fail_wire::monitor::{HealthView, HostView, Note, PeerView, ServiceView};
use serde::Serialize;
use serde_json::Value;

use crate::tcl::Obj;

/// What `fail why -dict` leaves out: other commands give it.
const ELSEWHERE: [&str; 2] = ["peers", "settings"];

/// `fail why -dict`.
pub(super) fn service(view: &ServiceView) -> Obj {
    let Value::Object(mut fields) = value(view) else {
        return Obj::text("");
    };
    for field in ELSEWHERE {
        fields.remove(field);
    }
    obj(&Value::Object(fields))
}

/// `fail peers`: by the names of the hosts.
pub(super) fn peers(peers: &[PeerView]) -> Obj {
    let each = |peer: &PeerView| {
        let mut fields = value(peer);
        let host = fields.as_object_mut().and_then(|f| f.remove("host"));
        [obj(&host.unwrap_or_default()), obj(&fields)]
    };
    let pairs: Vec<Obj> = peers.iter().flat_map(each).collect();
    Obj::list(&pairs)
}

/// `fail journal`.
pub(super) fn journal(notes: &[Note]) -> Obj {
    obj(&value(notes))
}

/// `fail health`: its own, and the way to each other host by the name of that.
pub(super) fn health(view: &HealthView, hosts: &[Arc<HostView>]) -> Obj {
    let mut fields = value(view);
    let each = |host: &Arc<HostView>| {
        let mut way = value(&**host);
        way.as_object_mut().and_then(|fields| fields.remove("name"));
        (host.name.clone(), way)
    };
    let hosts = hosts.iter().map(each).collect();
    if let Some(fields) = fields.as_object_mut() {
        fields.insert("hosts".to_string(), Value::Object(hosts));
    }
    obj(&fields)
}

fn value<T: Serialize + ?Sized>(view: &T) -> Value {
    // A view is made of strings, numbers and lists: all of them can be said in JSON.
    serde_json::to_value(view).unwrap_or_default()
}

fn obj(value: &Value) -> Obj {
    match value {
        Value::Null => Obj::text(""),
        Value::Bool(yes) => Obj::text(if *yes { "1" } else { "0" }),
        Value::Number(number) => Obj::text(&number.to_string()),
        Value::String(text) => Obj::text(text),
        Value::Array(items) => Obj::list(&items.iter().map(obj).collect::<Vec<Obj>>()),
        Value::Object(fields) => {
            let pairs = fields.iter().flat_map(|(key, v)| [Obj::text(key), obj(v)]);
            Obj::list(&pairs.collect::<Vec<Obj>>())
        }
    }
}
