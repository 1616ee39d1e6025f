//! The loop of the terminal: one channel in, one screen out. It sleeps until something comes;
//! it draws at most [`FRAMES`] times a second, and once a second for the ages.
//!
//! The channel is bounded: while the terminal takes nothing nothing is read, and each failsh
//! keeps for us what is new.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use fail_cli::{Failmon, Failure, exit};
use fail_client::words;
use nix::sys::signal::{Signal, raise};
use nix::unistd::{getpid, getsid};
use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, MouseButton, MouseEventKind};

use super::app::{App, Do};
use super::draw::draw;
use super::inputs::{self, END, GO_ON, Pending, STOP};
use super::order::Ways;
use super::screen::Screen;
use super::theme::Theme;
use crate::source::{Came, Post, Source};

/// So often it draws, for eyes and slow lines alike.
const FRAMES: u64 = 20;

/// Between two frames.
const FRAME: Duration = Duration::from_millis(1_000 / FRAMES);

/// Ages are told in seconds.
const TICK: Duration = Duration::from_secs(1);

/// What waits for the loop: a failsh with a thousand services tells them in one go.
const WAITING_MAX: usize = 256;

/// Something for the loop.
#[derive(Debug)]
pub enum In {
    /// Of the terminal.
    Event(Event),
    /// Of a target, or of a recording.
    Came(Came),
    /// The answer to a wish.
    Answer(Result<String, String>),
    /// A signal has come.
    Signal,
    /// The terminal is gone.
    Gone,
}

struct Loop {
    app: App,
    source: Source,
    ways: Ways,
    screen: Screen,
    pending: Pending,
    post: SyncSender<In>,
    /// The recording ended then.
    over: Option<i64>,
}

/// Shows what comes until somebody ends it.
///
/// # Errors
/// What is asked for can not be had.
pub fn run(options: &Failmon, colour: bool) -> Result<u8, Failure> {
    let system = |e: io::Error| Failure::new(exit::OSERR, format!("the terminal: {}", words(&e)));
    let (post, take) = sync_channel(WAITING_MAX);
    let ways = Ways::new(options)?;
    let came = post.clone();
    let came: Post = Arc::new(move |what| came.send(In::Came(what)).is_ok());
    let source = Source::begin(options, &came)?;
    let pending = inputs::signals(post.clone()).map_err(system)?;
    let screen = Screen::take(options.mouse).map_err(system)?;
    let mut app = App::new(source.cluster.views.len(), (80, 24), Theme { colour });
    app.played = options.play.is_some().then_some(false);
    app.said = ways.warning.clone().map(|warning| (false, warning));
    inputs::keys(post.clone()).map_err(system)?;
    let mut all = Loop {
        app,
        source,
        ways,
        screen,
        pending,
        post,
        over: None,
    };
    match all.go(&take) {
        // Who has taken the terminal away knows it.
        Ok(()) | Err(_) => Ok(exit::OK),
    }
}

impl Loop {
    /// Until the end; an error: the terminal is gone.
    fn go(&mut self, take: &Receiver<In>) -> io::Result<()> {
        let mut next = Instant::now();
        self.draw()?;
        let mut dirty = false;
        loop {
            let until = if dirty { next } else { next - FRAME + TICK };
            let wait = until.saturating_duration_since(Instant::now());
            match take.recv_timeout(wait) {
                Ok(In::Gone) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Ok(input) => {
                    if self.take(input)? {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if self.signals()? {
                return Ok(());
            }
            dirty = true;
            let now = Instant::now();
            if now >= next {
                self.draw()?;
                next = Instant::now() + FRAME;
                dirty = false;
            }
        }
    }

    fn now(&self) -> i64 {
        self.over.unwrap_or_else(|| self.source.clock.now_ms())
    }

    fn draw(&mut self) -> io::Result<()> {
        let size = self.screen.terminal.size()?;
        self.app.size = (size.width, size.height);
        let now = self.now();
        let (app, cluster) = (&self.app, &self.source.cluster);
        self.screen
            .terminal
            .draw(|frame| draw(app, cluster, now, frame))?;
        Ok(())
    }

    /// Takes what has come; says whether that is the end.
    fn take(&mut self, input: In) -> io::Result<bool> {
        match input {
            In::Event(event) => return self.event(event),
            In::Came(Came::Seen(number, seen)) => {
                if let Some(problem) = self.source.take(number, seen) {
                    self.app.said = Some((false, problem));
                }
            }
            In::Came(Came::Over(problem)) => {
                // The ages stay as they are at its end.
                self.over = Some(self.source.clock.now_ms());
                self.app.played = Some(true);
                if let Some(problem) = problem {
                    self.app.said = Some((false, problem));
                }
            }
            In::Answer(answer) => self.app.answer(answer),
            // Looked at after each input.
            In::Signal | In::Gone => {}
        }
        Ok(false)
    }

    fn event(&mut self, event: Event) -> io::Result<bool> {
        let now = self.now();
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                // How this looks after a panic is tested; nobody has this in his way.
                #[cfg(debug_assertions)]
                if key.code == KeyCode::F(12) && std::env::var_os("FAILMON_PANIC").is_some() {
                    #[expect(clippy::panic, reason = "somebody asks for it")]
                    {
                        panic!("as you wish");
                    }
                }
                let typed = self.app.typing || self.app.dialog.is_some();
                if key.code == KeyCode::Char('w') && !typed {
                    self.app.ways = self.ways.of(&self.source.cluster);
                }
                match self.app.press(key, &self.source.cluster, now) {
                    None => {}
                    Some(Do::Quit) => return Ok(true),
                    Some(Do::Redraw) => self.screen.terminal.clear()?,
                    Some(Do::Suspend) => self.suspend()?,
                    Some(Do::Wish(order)) => self.ways.ask(order, self.post.clone()),
                }
            }
            Event::Paste(text) => self.app.paste(&text),
            Event::Mouse(mouse) => {
                let (wheel, line) = match mouse.kind {
                    MouseEventKind::ScrollUp => (-3, None),
                    MouseEventKind::ScrollDown => (3, None),
                    MouseEventKind::Down(MouseButton::Left) => (0, Some(mouse.row)),
                    _ => return Ok(false),
                };
                self.app.mouse(wheel, line, &self.source.cluster, now);
            }
            _ => {}
        }
        Ok(false)
    }

    /// Looks at signals; says whether that is the end.
    fn signals(&mut self) -> io::Result<bool> {
        let signals = self.pending.take();
        if signals & END != 0 {
            return Ok(true);
        }
        if signals & STOP != 0 {
            self.suspend()?;
        } else if signals & GO_ON != 0 {
            self.screen.again()?;
        }
        Ok(false)
    }

    /// Stops until somebody has us go on.
    fn suspend(&mut self) -> io::Result<()> {
        if getsid(None) == Ok(getpid()) {
            let text = "there is no shell that could continue failmon".to_string();
            self.app.said = Some((false, text));
            return Ok(());
        }
        self.screen.without(|| {
            // If that can not be, we go on at once.
            let _ = raise(Signal::SIGSTOP);
        })
    }
}
