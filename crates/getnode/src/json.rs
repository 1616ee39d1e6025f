//! One object of everything, for programs. Its keys are told in `getnode(1)`.

use fail_client::clean_json;
use fail_client::health::words::worst_first;
use serde_json::{Value, json};

use crate::{Asked, Picture};

/// One line.
pub fn text(picture: &Picture) -> String {
    let hosts = picture.asked.iter().map(|asked| host(picture, asked));
    let hosts: Vec<Value> = hosts.collect();
    clean_json(format!(
        "{}\n",
        json!({ "now": picture.now, "hosts": hosts })
    ))
}

fn host(picture: &Picture, Asked { host, told }: &Asked) -> Value {
    match told {
        Err((_, sentence)) => json!({ "host": host, "error": sentence }),
        Ok(shown) => json!({
            "host": host,
            "hello": shown.hello,
            "ahead_ms": shown.ahead_ms,
            "health": shown.health,
            "targets": worst_first(picture.chosen(shown)),
        }),
    }
}
