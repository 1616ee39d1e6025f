//! What somebody at the terminal has chosen: the view, the service, the filter, the order, the
//! dialog. Keys change it, and nothing else does: there is no clock, no socket and no terminal
//! here, and drawing can not change it.
//!
//! What is chosen is a name and not a line: it stays chosen when the list around it changes.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keys::{self, Action};
use super::theme::Theme;
use super::views;
use super::wish::{Dialog, Order, Step, Way};
use crate::cluster::Cluster;

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// The hosts that the target sees.
    Hosts,
    /// The services of the target.
    Services,
    /// One service of the target.
    Detail,
    /// Services and hosts.
    Matrix,
    /// What has happened.
    Log,
    /// How failsh itself does.
    Health,
    /// The keys.
    Help,
}

impl View {
    /// All.
    #[cfg(test)]
    pub const ALL: [View; 7] = [
        View::Hosts,
        View::Services,
        View::Detail,
        View::Matrix,
        View::Log,
        View::Health,
        View::Help,
    ];

    /// In it a line is chosen; in others one turns pages.
    pub fn is_list(self) -> bool {
        matches!(self, View::Hosts | View::Services | View::Matrix)
    }
}

/// By what lists are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// By the names.
    Name,
    /// The worst first.
    State,
    /// The latest first.
    Since,
}

/// What the rest of the program is to do.
#[derive(Debug, PartialEq)]
pub enum Do {
    /// End.
    Quit,
    /// Draw everything anew.
    Redraw,
    /// Give the terminal back for a while.
    Suspend,
    /// Make this wish.
    Wish(Order),
}

/// A filter has so many letters at most: one line.
const FILTER_MAX: usize = 100;

/// What somebody has chosen.
#[derive(Debug)]
pub struct App {
    /// What is shown.
    pub view: View,
    /// Where Esc leads from help, and from a service.
    before: View,
    /// The list or the service that Tab leads back to.
    other: View,
    /// The place of the target.
    pub target: usize,
    /// The service that is chosen; none yet: the first.
    pub service: Option<String>,
    /// The host that is chosen.
    pub host: Option<String>,
    /// Lines above what is shown of a page.
    pub scroll: usize,
    /// The hosts show the last call, and not the last connect.
    pub call: bool,
    /// By what lists are sorted.
    pub sort: Sort,
    /// In the opposite order.
    pub reverse: bool,
    /// Only what holds this.
    pub filter: String,
    /// The filter is being typed.
    pub typing: bool,
    /// Something is being asked.
    pub dialog: Option<Dialog>,
    /// The answer, and whether it is a good one.
    pub said: Option<(bool, String)>,
    /// A wish is under way: which.
    pub busy: Option<String>,
    /// By what way wishes go, for each target; or why there is none.
    pub ways: Vec<Result<Way, String>>,
    /// Columns and lines of the terminal.
    pub size: (u16, u16),
    /// How it looks.
    pub theme: Theme,
    /// What is shown is a recording, which may be over.
    pub played: Option<bool>,
}

impl App {
    /// At the beginning: several targets are shown together, one by its services.
    pub fn new(targets: usize, size: (u16, u16), theme: Theme) -> App {
        let view = match targets {
            0 | 1 => View::Services,
            _ => View::Matrix,
        };
        App {
            view,
            before: view,
            other: View::Services,
            target: 0,
            service: None,
            host: None,
            scroll: 0,
            call: false,
            sort: Sort::Name,
            reverse: false,
            filter: String::new(),
            typing: false,
            dialog: None,
            said: None,
            busy: None,
            ways: Vec::new(),
            size,
            theme,
            played: None,
        }
    }

    /// A key was pressed.
    pub fn press(&mut self, key: KeyEvent, cluster: &Cluster, now: i64) -> Option<Do> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            // These work whatever else is going on.
            KeyCode::Char('c') if ctrl => return Some(Do::Quit),
            KeyCode::Char('z') if ctrl => return Some(Do::Suspend),
            KeyCode::Char('l') if ctrl => return Some(Do::Redraw),
            _ => {}
        }
        self.said = None;
        if let Some(dialog) = &mut self.dialog {
            return match dialog.press(key) {
                Step::Stay => None,
                Step::Close => {
                    self.dialog = None;
                    None
                }
                Step::Order(order) => {
                    self.dialog = None;
                    self.busy = Some(order.to_string());
                    Some(Do::Wish(order))
                }
            };
        }
        if self.typing {
            self.type_filter(key);
            return None;
        }
        self.act(keys::action(key, self.view)?, cluster, now)
    }

    fn act(&mut self, action: Action, cluster: &Cluster, now: i64) -> Option<Do> {
        match action {
            Action::Quit => return Some(Do::Quit),
            Action::Redraw => return Some(Do::Redraw),
            Action::Suspend => return Some(Do::Suspend),
            Action::Help if self.view == View::Help => self.go(self.before),
            Action::Help => self.go(View::Help),
            Action::Hosts => self.go(View::Hosts),
            Action::Services => self.go(View::Services),
            Action::Matrix => self.go(View::Matrix),
            Action::Log => self.go(View::Log),
            Action::Health => self.go(View::Health),
            Action::Call => {
                self.call ^= self.view == View::Hosts;
                self.go(View::Hosts);
            }
            Action::Detail => self.detail(cluster, now),
            Action::Other if self.view == View::Hosts => self.go(self.other),
            Action::Other => self.go(View::Hosts),
            Action::Next if !cluster.views.is_empty() => {
                self.target = (self.target + 1) % cluster.views.len();
                self.scroll = 0;
            }
            Action::Next => {}
            Action::Filter => self.typing = true,
            Action::Sort => {
                self.sort = match self.sort {
                    Sort::Name => Sort::State,
                    Sort::State => Sort::Since,
                    Sort::Since => Sort::Name,
                }
            }
            Action::Reverse => self.reverse ^= true,
            Action::Wish => self.wish(cluster, now),
            Action::Back => self.back(),
            Action::Up => self.by(-1, cluster, now),
            Action::Down => self.by(1, cluster, now),
            Action::PageUp => self.by(-self.page(cluster, now), cluster, now),
            Action::PageDown => self.by(self.page(cluster, now), cluster, now),
            Action::Home => self.by(isize::MIN, cluster, now),
            Action::End => self.by(isize::MAX, cluster, now),
        }
        None
    }

    fn go(&mut self, view: View) {
        if view == self.view {
            return;
        }
        if self.view != View::Help {
            self.before = self.view;
        }
        if matches!(view, View::Services | View::Detail | View::Matrix) {
            self.other = view;
        }
        self.view = view;
        self.scroll = 0;
    }

    fn back(&mut self) {
        let filtered = self.view.is_list() || self.view == View::Log;
        match self.view {
            _ if filtered && !self.filter.is_empty() => self.filter.clear(),
            View::Help => self.go(self.before),
            View::Detail if self.before == View::Matrix => self.go(View::Matrix),
            View::Detail => self.go(View::Services),
            View::Services | View::Matrix => {}
            _ => self.go(self.other),
        }
    }

    /// The service, in the details of which one is interested.
    fn detail(&mut self, cluster: &Cluster, now: i64) {
        self.service = self.chosen_service(cluster, now);
        if self.view == View::Hosts && self.host.is_some() {
            // From a host that is looked at itself one comes to what it serves.
            let host = self.host.as_deref();
            let mut views = cluster.views.iter();
            if let Some(at) = views.position(|view| Some(view.host()) == host) {
                self.target = at;
            }
            return self.go(View::Services);
        }
        if self.service.is_some() && self.view != View::Help {
            self.go(View::Detail);
        }
    }

    fn wish(&mut self, cluster: &Cluster, now: i64) {
        let Some(service) = self.chosen_service(cluster, now) else {
            self.said = Some((
                false,
                "there is no service to wish something for".to_string(),
            ));
            return;
        };
        if let Some(order) = &self.busy {
            self.said = Some((false, format!("{order} is under way still")));
            return;
        }
        let way = self.ways.get(self.target).cloned();
        match way.unwrap_or_else(|| Err("there is no target".to_string())) {
            Err(why) => self.said = Some((false, why)),
            Ok(way) => {
                let Some(view) = cluster.views.get(self.target) else {
                    return;
                };
                let shown = view.shown.services.get(&service);
                if shown.is_none() {
                    let why = format!(
                        "{} has no service {service}; t looks at another target",
                        view.host()
                    );
                    self.said = Some((false, why));
                    return;
                }
                let state = shown.and_then(|shown| shown.state.clone());
                let pid = view.shown.hello.as_ref().map(|hello| hello.pid);
                let host = view.host().to_string();
                self.service = Some(service.clone());
                self.dialog = Some(Dialog::new(service, host, state, pid, self.target, way));
            }
        }
    }

    /// The answer to a wish has come.
    pub fn answer(&mut self, answer: Result<String, String>) {
        let order = self.busy.take().unwrap_or_default();
        self.said = Some(match answer {
            Ok(text) => (true, format!("{order}: {text}")),
            Err(text) => (false, format!("{order}: {text}")),
        });
    }

    fn type_filter(&mut self, key: KeyEvent) {
        match key.code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc => {
                self.typing = false;
                self.filter.clear();
            }
            KeyCode::Backspace => {
                self.filter.pop();
            }
            KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => {
                self.filter.clear();
            }
            KeyCode::Char(letter)
                if !key.modifiers.contains(KeyModifiers::CONTROL)
                    && self.filter.chars().count() < FILTER_MAX =>
            {
                self.filter.push(letter);
            }
            _ => {}
        }
    }

    /// Text was pasted: it is typed, and never taken for keys.
    pub fn paste(&mut self, text: &str) {
        for letter in text.chars().filter(|letter| !letter.is_control()) {
            let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
            match &mut self.dialog {
                Some(dialog) => dialog.type_in(key),
                None if self.typing => self.type_filter(key),
                None => {}
            }
        }
    }

    /// What is chosen in the list that is shown, if it is there.
    pub fn chosen(&self) -> Option<&String> {
        match self.view {
            View::Hosts => self.host.as_ref(),
            _ => self.service.as_ref(),
        }
    }

    /// The service that is chosen: the one that is marked on the screen.
    fn chosen_service(&self, cluster: &Cluster, now: i64) -> Option<String> {
        if matches!(self.view, View::Services | View::Matrix) {
            let grid = views::grid(self, cluster, now);
            let at = views::place(self, &grid);
            return grid.rows.get(at).map(|row| row.key.clone());
        }
        let services = cluster
            .views
            .get(self.target)
            .map(|view| &view.shown.services);
        let first = || services.and_then(|services| services.keys().next().cloned());
        self.service.clone().or_else(first)
    }

    /// Moves the choice, or the page.
    fn by(&mut self, lines: isize, cluster: &Cluster, now: i64) {
        if self.view.is_list() {
            let grid = views::grid(self, cluster, now);
            let last = grid.rows.len().saturating_sub(1);
            let at = views::place(self, &grid)
                .saturating_add_signed(lines)
                .min(last);
            self.choose(grid.rows.get(at).map(|row| row.key.clone()));
            return;
        }
        let all = views::page(self, cluster, now).len();
        let room = usize::try_from(self.page(cluster, now)).unwrap_or(1);
        // One more than fits and less: nothing is below.
        let last = all.saturating_sub(room + 1);
        self.scroll = self.scroll.min(last).saturating_add_signed(lines).min(last);
    }

    fn choose(&mut self, key: Option<String>) {
        match self.view {
            View::Hosts => self.host = key,
            _ => self.service = key,
        }
    }

    /// As many lines as a page moves: one line is seen again.
    fn page(&self, cluster: &Cluster, now: i64) -> isize {
        let room = views::room(self, cluster, now).saturating_sub(1).max(1);
        isize::try_from(room).unwrap_or(1)
    }

    /// The wheel of a mouse was turned, or it was clicked on a line of the screen.
    pub fn mouse(&mut self, wheel: isize, line: Option<u16>, cluster: &Cluster, now: i64) {
        if self.dialog.is_some() {
            return;
        }
        if let Some(line) = line.filter(|_| self.view.is_list()) {
            let grid = views::grid(self, cluster, now);
            let at = views::at_line(self, cluster, &grid, line, now);
            if let Some(row) = at.and_then(|at| grid.rows.get(at)) {
                self.choose(Some(row.key.clone()));
            }
        } else if line.is_none() {
            self.by(wheel, cluster, now);
        }
    }
}
