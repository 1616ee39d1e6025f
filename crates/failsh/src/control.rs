//! The control socket: `failover-control(7)`, as a server. Consoles come by it, that of this
//! process as well as others; only root and our own user are let in.
//!
//! A console that reads slowly has at most [`CONSOLE_OUTPUT_MAX`] bytes waiting: what a command
//! prints past that is lost and counted, its end is not. One that goes on asking without reading
//! the answers is sent away. A console that goes takes its commands with it.

use std::collections::{BTreeMap, VecDeque};
use std::os::unix::net::UnixStream;
use std::path::Path;

use fail_core::job::JobNo;
use fail_core::limits::{
    CONSOLE_COMMANDS_MAX, CONSOLE_OUTPUT_MAX, CONSOLE_UNREAD_MAX, CONSOLES_MAX,
};
use fail_core::time::{Mono, Span};
use fail_rt::clients::{ClientNo, Clients, Event, ListenFailed, Peer, Speech, Terms};
use fail_rt::clock;
use fail_rt::poller::{Desk, Token};

use crate::console::words::{Answer, Hello, How, Request, Said, Wish, line};
use crate::serves::{EngineRequest, Reply, Unread};

/// The longest request: a script that somebody sends from a file is shorter.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// How often the end of one command is passed on: the second time stops it at once, and while
/// Tcl is stuck they would only pile up.
const CANCELS_MAX: usize = 4;

/// How long failsh waits at its end for those who are to be told how it ended.
pub const LAST_WORDS_MAX: Span = Span::from_secs(1);

/// Everybody who has a console.
pub struct Control {
    clients: Clients,
    consoles: BTreeMap<ClientNo, Console>,
    /// The console of this very process, and whether it is still there.
    own: Option<ClientNo>,
    /// Whose command a job is, and its number there.
    jobs: BTreeMap<JobNo, (ClientNo, u64)>,
    /// Who waits for the words of a line.
    lines: BTreeMap<u64, (ClientNo, u64)>,
    /// Who waits for a policy.
    reloads: BTreeMap<u64, (ClientNo, u64)>,
    /// Who waits for the end.
    releases: Vec<(ClientNo, u64)>,
    requests: VecDeque<EngineRequest>,
    last: u64,
}

/// One console.
#[derive(Default)]
struct Console {
    /// Lines that wait until it has room.
    output: VecDeque<String>,
    /// Their bytes.
    waiting: usize,
    /// Bytes that its commands have printed and it will not see, by command.
    lost: BTreeMap<u64, usize>,
    /// What runs for it, and how often that was to be ended.
    commands: BTreeMap<JobNo, usize>,
}

impl Console {
    fn say(&mut self, id: Option<u64>, said: Said) {
        let line = line(&Answer { id, said });
        self.waiting += line.len();
        self.output.push_back(line);
    }

    fn print(&mut self, id: u64, printed: String) {
        let lost = self.lost.get(&id).copied().unwrap_or(0);
        if self.waiting + printed.len() > CONSOLE_OUTPUT_MAX {
            self.lost.insert(id, lost + printed.len());
        } else {
            self.confess(id);
            self.say(Some(id), Said::Printed { printed });
        }
    }

    /// Says how much of a command's output is not there.
    fn confess(&mut self, id: u64) {
        if let Some(bytes) = self.lost.remove(&id) {
            let printed = format!("... {bytes} bytes are lost, as nobody read them ...\n");
            self.say(Some(id), Said::Printed { printed });
        }
    }
}

impl Control {
    /// Nobody yet, and no way to come.
    pub fn new(desk: Desk) -> Control {
        let error = format!(
            "there are {CONSOLES_MAX} consoles already, and no more are served (CONSOLES_MAX)"
        );
        let terms = Terms {
            clients: CONSOLES_MAX,
            full: line(&Answer {
                id: None,
                said: Said::Refused { error },
            })
            .into_bytes(),
            each: None,
            speech: Speech::Lines(REQUEST_BYTES_MAX),
            patience: None,
        };
        Control {
            clients: Clients::new(desk, terms),
            consoles: BTreeMap::new(),
            own: None,
            jobs: BTreeMap::new(),
            lines: BTreeMap::new(),
            reloads: BTreeMap::new(),
            releases: Vec::new(),
            requests: VecDeque::new(),
            last: 0,
        }
    }

    /// Listens on this socket.
    pub fn listen(&mut self, path: &Path) -> Result<(), ListenFailed> {
        self.clients.listen_unix(path)
    }

    /// The other end of this is the console of this process: when it goes, failsh ends.
    pub fn adopt(&mut self, stream: UnixStream) -> std::io::Result<()> {
        self.own = Some(self.clients.adopt(stream)?);
        Ok(())
    }

    /// Whether this event is for [`Control::on_event`].
    pub fn owns(&self, token: Token) -> bool {
        self.clients.owns(token)
    }

    /// A socket can be read or written.
    pub fn on_event(&mut self, token: Token, now: Mono) {
        self.clients.on_event(token, now);
        self.look();
    }

    /// When to call [`Control::expire`].
    pub fn deadline(&self) -> Option<Mono> {
        self.clients.deadline()
    }

    /// Acts on the deadlines that have come.
    pub fn expire(&mut self, now: Mono) {
        self.clients.expire(now);
        self.look();
    }

    fn look(&mut self) {
        while let Some(event) = self.clients.poll() {
            match event {
                Event::Came { client, peer } => self.come(client, peer),
                Event::Line { client, line } => self.hear(client, &line),
                Event::TooLong { client } => {
                    let error = format!("a request has at most {REQUEST_BYTES_MAX} bytes");
                    self.send_away(client, error);
                }
                Event::Gone { client } => self.gone(client),
                // Consoles speak in lines.
                Event::Frame { .. } => {}
            }
        }
    }

    fn come(&mut self, client: ClientNo, peer: Peer) {
        let mut console = Console::default();
        let hello = Hello {
            program: "failsh".to_string(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            host: clock::host_name(),
            pid: std::process::id(),
        };
        console.say(None, Said::Hello { hello });
        self.consoles.insert(client, console);
        if !peer.is_ours() {
            let error = "only root and the user of this failsh may open a console".to_string();
            self.consoles.insert(client, Console::default());
            self.send_away(client, error);
        }
    }

    fn send_away(&mut self, client: ClientNo, error: String) {
        let last = Answer {
            id: None,
            said: Said::Refused { error },
        };
        self.clients.write(client, line(&last).as_bytes());
        self.clients.close(client);
        self.gone(client);
    }

    fn gone(&mut self, client: ClientNo) {
        if let Some(console) = self.consoles.remove(&client) {
            let commands = console.commands.into_keys();
            self.requests
                .extend(commands.map(|job| EngineRequest::Cancel { job }));
        }
        self.lines.retain(|_, (who, _)| *who != client);
        self.reloads.retain(|_, (who, _)| *who != client);
        self.releases.retain(|(who, _)| *who != client);
        if self.own == Some(client) {
            self.requests.push_back(EngineRequest::End);
        }
    }

    fn hear(&mut self, client: ClientNo, text: &str) {
        let Some(console) = self.consoles.get(&client) else {
            return;
        };
        if console.waiting > CONSOLE_UNREAD_MAX {
            let error = "too many answers are not read (CONSOLE_UNREAD_MAX)".to_string();
            return self.send_away(client, error);
        }
        match serde_json::from_str(text) {
            Ok(Request { id, wish }) => self.obey(client, id, wish),
            Err(e) => self.say(client, None, refused(format!("this is no request: {e}"))),
        }
    }

    fn obey(&mut self, client: ClientNo, id: u64, wish: Wish) {
        match wish {
            Wish::Eval(script) => self.eval(client, id, script),
            Wish::Complete(text) => self.complete(client, id, text),
            Wish::Cancel(which) => {
                let running = self.jobs.iter().find(|(_, who)| **who == (client, which));
                let job = running.map(|(job, _)| *job);
                let console = self.consoles.get_mut(&client);
                let times = job.and_then(|job| console?.commands.get_mut(&job));
                if let (Some(job), Some(times)) = (job, times) {
                    *times += 1;
                    if *times <= CANCELS_MAX {
                        self.requests.push_back(EngineRequest::Cancel { job });
                    }
                }
                let cancelled = job.is_some();
                self.say(client, Some(id), Said::Cancelled { cancelled });
            }
            Wish::Reload(how) => self.reload(client, id, how),
            Wish::Release(true) => {
                self.releases.push((client, id));
                self.requests.push_back(EngineRequest::Release);
            }
            Wish::Release(false) => {
                let error = "what is released is not taken back; start failsh anew".to_string();
                self.say(client, Some(id), refused(error));
            }
        }
    }

    fn eval(&mut self, client: ClientNo, id: u64, script: String) {
        let number = self.next_number();
        let Some(console) = self.consoles.get_mut(&client) else {
            return;
        };
        let twice = self.jobs.values().any(|who| *who == (client, id));
        let problem = if console.commands.len() >= CONSOLE_COMMANDS_MAX {
            let run = format!("{CONSOLE_COMMANDS_MAX} commands run already");
            Some(run + " (CONSOLE_COMMANDS_MAX)")
        } else if twice {
            Some(format!("a command with the number {id} runs already"))
        } else {
            None
        };
        match problem {
            Some(error) => console.say(Some(id), refused(error)),
            None => {
                let job = JobNo::console(number);
                console.commands.insert(job, 0);
                self.jobs.insert(job, (client, id));
                self.requests.push_back(EngineRequest::Eval { job, script });
            }
        }
    }

    /// One line at a time: while Tcl is busy, nobody knows how a line goes on.
    fn complete(&mut self, client: ClientNo, id: u64, text: String) {
        if self.lines.values().any(|(who, _)| *who == client) {
            let words = Vec::new();
            let from = text.len();
            return self.say(client, Some(id), Said::Words { from, words });
        }
        let no = self.next_number();
        self.lines.insert(no, (client, id));
        self.requests
            .push_back(EngineRequest::Complete { no, line: text });
    }

    /// One for each console: nobody waits for two.
    fn reload(&mut self, client: ClientNo, id: u64, how: How) {
        if self.reloads.values().any(|(who, _)| *who == client) {
            let error = "the policy is being read for this console already".to_string();
            return self.say(client, Some(id), refused(error));
        }
        let no = self.next_number();
        self.reloads.insert(no, (client, id));
        let dry_run = how == How::DryRun;
        self.requests
            .push_back(EngineRequest::Reload { no, dry_run });
    }

    fn reloaded(&mut self, no: u64, result: Result<Said, Unread>) {
        if let Some((client, id)) = self.reloads.remove(&no) {
            let said = result.unwrap_or_else(|why| match why {
                Unread::Bad(stays) => Said::Stays { stays },
                Unread::NotNow(error) => refused(error),
            });
            self.say(client, Some(id), said);
        }
    }

    fn next_number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn say(&mut self, client: ClientNo, id: Option<u64>, said: Said) {
        if let Some(console) = self.consoles.get_mut(&client) {
            console.say(id, said);
        }
    }

    /// The next thing that somebody wants done; nothing: that was all for now.
    pub fn request(&mut self) -> Option<EngineRequest> {
        self.requests.pop_front()
    }

    /// What became of a request. Who has gone meanwhile is not told.
    pub fn reply(&mut self, reply: Reply) {
        match reply {
            Reply::Printed { job, text } => {
                if let Some((client, id)) = self.jobs.get(&job) {
                    if let Some(console) = self.consoles.get_mut(client) {
                        console.print(*id, text);
                    }
                }
            }
            Reply::Evaluated {
                job,
                code,
                result,
                info,
            } => {
                let Some((client, id)) = self.jobs.remove(&job) else {
                    return;
                };
                if let Some(console) = self.consoles.get_mut(&client) {
                    console.commands.remove(&job);
                    console.confess(id);
                    let (result, info) = (cut(result), info.map(cut));
                    console.say(Some(id), Said::Ended { code, result, info });
                }
            }
            Reply::Completions { no, from, words } => {
                if let Some((client, id)) = self.lines.remove(&no) {
                    self.say(client, Some(id), Said::Words { from, words });
                }
            }
            Reply::Reloaded { no, result } => {
                self.reloaded(no, result.map(|reloaded| Said::Reloaded { reloaded }));
            }
            Reply::Compared { no, result } => {
                let said = result.map(|compared| Said::Compared {
                    same: compared.same,
                    text: compared.text,
                    report: compared.report,
                });
                self.reloaded(no, said);
            }
            Reply::Released { left } => {
                for (client, id) in std::mem::take(&mut self.releases) {
                    let (released, left) = (left.is_empty(), left.clone());
                    self.say(client, Some(id), Said::Released { released, left });
                }
            }
        }
    }

    /// Somebody has pressed Ctrl-C. Says whether this process has a console of its own: then
    /// its command is meant, and nothing else.
    pub fn interrupt(&mut self) -> bool {
        let Some(own) = self.own else {
            return false;
        };
        if let Some(console) = self.consoles.get(&own) {
            let commands = console.commands.keys();
            self.requests
                .extend(commands.map(|job| EngineRequest::Cancel { job: *job }));
        }
        true
    }

    /// Gives every console what it has room for. To be called once in each turn of the loop.
    pub fn write(&mut self, now: Mono) {
        loop {
            let mut wrote = false;
            for (no, console) in &mut self.consoles {
                while self.clients.has_room(*no) {
                    let Some(line) = console.output.pop_front() else {
                        break;
                    };
                    console.waiting -= line.len();
                    self.clients.write(*no, line.as_bytes());
                    wrote = true;
                }
            }
            self.clients.flush(now);
            if !wrote {
                break;
            }
        }
        self.look();
    }

    /// Whether somebody has not been told everything yet.
    pub fn is_writing(&self) -> bool {
        let waits = |console: &Console| !console.output.is_empty();
        self.clients.is_owed() || self.consoles.values().any(waits)
    }
}

fn refused(error: String) -> Said {
    Said::Refused { error }
}

/// What is longer than a console may have waiting is cut.
fn cut(mut text: String) -> String {
    if text.len() > CONSOLE_OUTPUT_MAX {
        let end = (0..=CONSOLE_OUTPUT_MAX).rev();
        let end = end.into_iter().find(|n| text.is_char_boundary(*n));
        text.truncate(end.unwrap_or(0));
        text.push_str(" ...");
    }
    text
}
