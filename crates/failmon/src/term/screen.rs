//! The terminal, taken and given back: raw mode, the alternate screen, the mouse. It is given
//! back on every way out, also when the program panics; twice does no harm.

use std::io::{self, BufWriter, Stdout, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use fail_cli::exit;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};

/// A whole screen of 200 columns with its colours goes out at once.
const BUFFER: usize = 64 << 10;

/// It is ours just now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is ours.
pub struct Screen {
    /// Draws.
    pub terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    mouse: bool,
}

impl Screen {
    /// Takes it.
    ///
    /// # Errors
    /// It is none, or is gone.
    pub fn take(mouse: bool) -> io::Result<Screen> {
        give_back_on_panic();
        take(mouse)?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(BUFFER, stdout()));
        let terminal = Terminal::new(backend).inspect_err(|_| give_back())?;
        Ok(Screen { terminal, mouse })
    }

    /// Gives it back for a while, and takes it again after `meanwhile`.
    ///
    /// # Errors
    /// It is gone.
    pub fn without(&mut self, meanwhile: impl FnOnce()) -> io::Result<()> {
        give_back();
        meanwhile();
        self.again()
    }

    /// Takes it again, whatever somebody else has made of it, and draws all of it next.
    ///
    /// # Errors
    /// It is gone.
    pub fn again(&mut self) -> io::Result<()> {
        // What is raw already would be remembered as what it was before.
        give_back();
        take(self.mouse)?;
        self.terminal.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = stdout();
    execute!(
        out,
        EnterAlternateScreen,
        EnableBracketedPaste,
        cursor::Hide
    )?;
    if mouse {
        execute!(out, EnableMouseCapture)?;
    }
    Ok(())
}

/// Gives the terminal back, if it is ours. Where it is gone there is nothing to be done.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = stdout();
    // To stop a mouse that was never taken does nothing.
    let _ = execute!(
        out,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// What is said of a panic is to be read, so the screen goes first; and a program of which a
/// thread is missing would show the past.
fn give_back_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        before(panic);
        std::process::exit(i32::from(exit::SOFTWARE));
    }));
}
