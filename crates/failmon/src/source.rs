//! Where the picture comes from: failshs that are followed, or a recording that is played.
//!
//! Either way things come one by one, as [`Came`], from threads of their own; whoever shows
//! them gives them to [`Source::take`]. The clock is that of what is shown: in a recording it
//! is the time of the recording, so that ages are as they were.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use fail_cli::{Failmon, Failure, exit};
use fail_client::follow::{Seen, Then, follow};

use crate::cluster::Cluster;
use crate::record::{Recorder, Recording};

/// Something came.
#[derive(Debug)]
pub enum Came {
    /// It was seen of the target with this number.
    Seen(usize, Seen),
    /// The recording is over: at its end, or for this reason.
    Over(Option<String>),
}

/// Takes what comes; says `false` when it wants no more. It may block: then the failsh waits.
pub type Post = Arc<dyn Fn(Came) -> bool + Send + Sync>;

/// What the time is.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// That of this host.
    Here,
    /// That of a recording: it began then, and runs so many times as fast since.
    Played {
        /// When the recording begins, in milliseconds since 1970.
        from: i64,
        /// When it was begun to be played.
        began: Instant,
        /// How many times as fast.
        speed: f64,
    },
}

impl Clock {
    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        match self {
            Clock::Here => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH);
                now.map_or(0, |now| i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
            }
            Clock::Played { from, began, speed } => {
                let ms = began.elapsed().as_secs_f64() * 1_000.0 * speed;
                // Beyond its largest number it stays there.
                from.saturating_add(ms as i64)
            }
        }
    }
}

/// The picture, and what keeps it true.
#[derive(Debug)]
pub struct Source {
    /// What is known.
    pub cluster: Cluster,
    /// What the time is in it.
    pub clock: Clock,
    recorder: Option<Recorder>,
    /// Connections, and updates, are written down.
    debugs: (bool, bool),
    /// On standard error, too.
    aloud: bool,
}

impl Source {
    /// Begins to look at the targets, or to play.
    ///
    /// # Errors
    /// A file can not be read or made, or there are no threads.
    pub fn begin(options: &Failmon, post: &Post) -> Result<Source, Failure> {
        if let Some(path) = &options.play {
            let recording = Recording::open(path)?;
            let (targets, from) = (recording.targets.clone(), recording.from);
            let clock = Clock::Played {
                from,
                began: Instant::now(),
                speed: options.speed,
            };
            recording.play(clock, Arc::clone(post))?;
            return Ok(Source::new(options, targets, clock, None));
        }
        let targets: Vec<String> = options.targets.iter().map(ToString::to_string).collect();
        let clock = Clock::Here;
        let recorder = match &options.record {
            Some(path) => Some(Recorder::create(path, &targets, clock.now_ms())?),
            None => None,
        };
        for (number, target) in options.targets.iter().enumerate() {
            let (host, port) = (target.host.clone(), target.port_or(options.port));
            let post = Arc::clone(post);
            let see = move |number, seen| match post(Came::Seen(number, seen)) {
                true => Then::GoOn,
                false => Then::End,
            };
            follow(number, host, port, see)
                .map_err(|e| Failure::new(exit::OSERR, format!("no thread: {e}")))?;
        }
        Ok(Source::new(options, targets, clock, recorder))
    }

    fn new(
        options: &Failmon,
        targets: Vec<String>,
        clock: Clock,
        recorder: Option<Recorder>,
    ) -> Source {
        Source {
            cluster: Cluster::new(targets, clock.now_ms()),
            clock,
            recorder,
            debugs: (options.debugs("link"), options.debugs("stream")),
            aloud: !options.takes_terminal(),
        }
    }

    /// Writes down what came, if that is wanted.
    fn debug(&mut self, now: i64, number: usize, seen: &Seen) {
        let (links, updates) = self.debugs;
        let text = match seen {
            Seen::Connected(at) if links => format!("connected to {at}"),
            Seen::Lost(why) if links => format!("lost: {why}"),
            Seen::Update(update) if updates => serde_json::to_string(update).unwrap_or_default(),
            _ => return,
        };
        if self.aloud {
            let target = self
                .cluster
                .views
                .get(number)
                .map(|view| view.target.as_str());
            let text = format!("failmon: {}: {text}", target.unwrap_or_default());
            eprintln!("{}", fail_client::clean(&text));
        }
        self.cluster
            .note(now, number, "debug".to_string(), String::new(), text);
    }

    /// Takes what came of a target, and records it. Gives what is wrong with it: that target
    /// shows what can not be, or the recording can not be written any more.
    pub fn take(&mut self, number: usize, seen: Seen) -> Option<String> {
        let now = self.clock.now_ms();
        let mut said = None;
        self.debug(now, number, &seen);
        if let Some(recorder) = &mut self.recorder {
            if let Err(sentence) = recorder.write(now, number, &seen) {
                // What is on the disk is whole; the screen goes on.
                self.recorder = None;
                said = Some(sentence);
            }
        }
        let target = |cluster: &Cluster| cluster.views.get(number).map(|v| v.target.clone());
        match self.cluster.take(number, seen, now) {
            Ok(()) => said,
            Err(sentence) => {
                let target = target(&self.cluster).unwrap_or_default();
                Some(format!("{target}: {sentence}"))
            }
        }
    }

    /// Every target has told everything once, or is lost.
    pub fn is_whole(&self) -> bool {
        let lost = |link: &crate::cluster::Link| matches!(link, crate::cluster::Link::Lost(_));
        let mut views = self.cluster.views.iter();
        views.all(|view| view.shown.ready || lost(&view.link))
    }
}

/// How long a thread may sleep at once: a player looks whether somebody still looks.
pub const NAP: Duration = Duration::from_millis(200);
