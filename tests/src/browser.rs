//! A real browser without a window: Chromium, told what to do over its pipe for debuggers.

#![expect(clippy::panic, reason = "a test without its browser has failed")]

use std::io::{Read, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use crate::folder::Folder;
use crate::program::{self, Running};
use crate::wait::{self, LIMIT};

/// Its messages end so.
const END: u8 = 0;

/// A browser with one page.
#[derive(Debug)]
pub struct Browser {
    tell: ChildStdin,
    told: Receiver<Value>,
    number: u64,
    session: String,
    _running: Running,
    _folder: Folder,
}

impl Browser {
    /// One whose page is so many points wide and high; nothing: there is no Chromium here.
    pub fn open(width: u32, height: u32) -> Option<Browser> {
        if !program::works("chromium", &["--version"]) {
            return None;
        }
        let folder = Folder::new();
        // It reads from 3 and writes to 4; the rest of what it says is for nobody.
        let script = "exec chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
            --disable-background-networking --no-first-run --disable-dev-shm-usage \
            --remote-debugging-pipe --user-data-dir=\"$0\" about:blank \
            3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut command = Command::new("sh");
        command.args(["-c", script, &folder.file("profile")]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = Running::start(piped);
        let (Some(tell), Some(mut out)) = (running.0.stdin.take(), running.0.stdout.take()) else {
            panic!("chromium has no pipes");
        };
        let (send, told) = channel();
        thread::spawn(move || {
            let (mut rest, mut part) = (Vec::new(), [0; 65_536]);
            while let Ok(count @ 1..) = out.read(&mut part) {
                rest.extend_from_slice(&part[..count]);
                while let Some(end) = rest.iter().position(|byte| *byte == END) {
                    let message = rest.drain(..=end).collect::<Vec<u8>>();
                    if let Ok(value) = serde_json::from_slice(&message[..end]) {
                        let _ = send.send(value);
                    }
                }
            }
        });
        let mut browser = Browser {
            tell,
            told,
            number: 0,
            session: String::new(),
            _running: running,
            _folder: folder,
        };
        let page = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let whom = json!({"targetId": page["targetId"], "flatten": true});
        let session = browser.ask("Target.attachToTarget", whom);
        browser.session = session["sessionId"].as_str().unwrap_or("").to_string();
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        browser.ask("Emulation.setDeviceMetricsOverride", size);
        Some(browser)
    }

    /// Asks it to do something; gives what came of it.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(END);
        if let Err(error) = self.tell.write_all(&bytes) {
            panic!("chromium: {error}");
        }
        let end = Instant::now() + LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.told.recv_timeout(left) {
                Ok(answer) if answer["id"] == self.number => {
                    assert_eq!(answer["error"], Value::Null, "{method}: {answer}");
                    return answer["result"].clone();
                }
                // An event.
                Ok(_) => {}
                Err(error) => panic!("chromium: {method}: {error}"),
            }
        }
    }

    /// What an expression of JavaScript is on the page.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({"expression": expression, "returnByValue": true});
        self.ask("Runtime.evaluate", params)["result"]["value"].clone()
    }

    /// Goes to this address and waits until the page is there.
    pub fn go(&mut self, url: &str) {
        self.ask("Page.navigate", json!({"url": url}));
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'");
    }

    /// Waits until an expression is true on the page.
    pub fn wait(&mut self, expression: &str) {
        let seen = format!("({expression}) || document.body.innerText");
        let look = || self.value(&seen);
        wait::until(expression, look, |seen| *seen == Value::Bool(true));
    }

    /// A picture of what is seen, as PNG in base64.
    pub fn picture(&mut self) -> String {
        let picture = self.ask("Page.captureScreenshot", json!({"format": "png"}));
        picture["data"].as_str().unwrap_or("").to_string()
    }
}
