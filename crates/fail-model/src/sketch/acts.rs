//! What may happen in the sketch, and what comes of it.

use fail_wire::State as Fact;

use super::state::{Ask, Host, Post, Seen, State};
use super::{Broken, Sketch};

/// Something that may happen. Hosts are numbered from the highest, which is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// The question of the first arrives at the second, and is answered.
    Answer(usize, usize),
    /// The question of the first to the second, or the answer, is lost: it is missed, and
    /// asked again or given up.
    Missed(usize, usize),
    /// The last answer arrives, and a failsh decides. Then it asks all others anew.
    Decide(usize),
    /// What is owed reaches the local faild.
    Publish(usize),
    /// A script ends, well or not.
    Ends(usize, bool),
    /// Of what the first has asked the second something is lost, or late.
    Lose(usize, usize),
    /// A host loses its power.
    Crash(usize),
    /// It gets it back.
    Boot(usize),
    /// A failsh dies.
    Dies(usize),
    /// It is started again.
    Rises(usize),
    /// The faild notices that nobody supervises the service.
    Silence(usize),
    /// Nothing passes from the first to the second any more.
    CutWay(usize, usize),
    /// Nor back.
    Cut(usize, usize),
    /// All links are whole.
    Heal,
    /// The service is to be served elsewhere.
    Away(usize),
    /// It may be served here again.
    Back(usize),
    /// Somebody says `RECOVER` of what is `FAIL`.
    Repair(usize),
    /// What is `FAIL` is ready by itself; only in a broken world.
    Fades(usize),
}

impl Action {
    /// Whether it happens in a calm world too.
    pub(super) fn is_calm(self) -> bool {
        use Action::{Answer, Decide, Ends, Fades, Missed, Publish};
        let calm = matches!(self, Answer(..) | Missed(..) | Decide(_) | Publish(_));
        calm || matches!(self, Ends(_, true) | Fades(_))
    }
}

impl Sketch {
    pub(super) fn list(&self, state: &State, actions: &mut Vec<Action>) {
        let left = state.left;
        for n in 0..self.hosts {
            let host = &state.hosts[n];
            if !host.power {
                actions.push(Action::Boot(n));
                continue;
            }
            let mut may = |yes: bool, action: Action| {
                if yes {
                    actions.push(action);
                }
            };
            may(left.crashes > 0, Action::Crash(n));
            may(host.mind && left.deaths > 0, Action::Dies(n));
            may(!host.mind, Action::Rises(n));
            let alone = !host.mind && !host.record.alone && host.record.fact != Fact::Fail;
            may(alone, Action::Silence(n));
            may(host.mind && host.has_heard_all(), Action::Decide(n));
            may(host.post.is_some(), Action::Publish(n));
            may(host.task.is_some(), Action::Ends(n, true));
            let fails = host.task.is_some() && left.failures > 0;
            may(fails, Action::Ends(n, false));
            let quiet = host.post.is_none() && host.task.is_none() && host.mind;
            let failed = host.record.fact == Fact::Fail && !host.unpublished;
            let hands = left.hands > 0;
            may(hands && !host.record.away, Action::Away(n));
            may(host.record.away && (quiet || !failed), Action::Back(n));
            let repair = quiet && failed && !host.record.away;
            may(hands && repair, Action::Repair(n));
            let fades = self.broken == Broken::FailFades && quiet;
            may(fades && host.believed == Some(Fact::Fail), Action::Fades(n));
        }
        for (a, b) in self.pairs() {
            if let Some(ask) = state.hosts[a].asks[b] {
                if ask.under_way {
                    actions.push(Action::Answer(a, b));
                }
                if !ask.under_way || self.broken == Broken::Impatient {
                    actions.push(Action::Missed(a, b));
                }
                if ask.under_way && left.losses > 0 {
                    actions.push(Action::Lose(a, b));
                }
            }
            if left.cuts > 0 && !state.is_cut(a, b) {
                actions.push(Action::CutWay(a, b));
                if a < b && !state.is_cut(b, a) {
                    actions.push(Action::Cut(a, b));
                }
            }
        }
        if state.cuts != 0 {
            actions.push(Action::Heal);
        }
    }

    pub(super) fn happen(&self, state: &mut State, action: Action) {
        match action {
            Action::Answer(a, b) => {
                let said = state.hosts[b].record;
                match state.hosts[b].power && !state.is_cut(b, a) {
                    true => self.close(state, a, b, Some(said)),
                    false => {
                        let ask = state.hosts[a].asks[b].as_mut();
                        ask.into_iter().for_each(|ask| ask.under_way = false);
                    }
                }
            }
            Action::Decide(n) => {
                self.judge(state, n);
                self.ask_all(state, n);
            }
            Action::Missed(a, b) => self.missed(state, a, b),
            Action::Lose(a, b) => {
                state.left.losses -= 1;
                if let Some(ask) = &mut state.hosts[a].asks[b] {
                    ask.under_way = false;
                }
            }
            Action::Publish(n) => self.publish(state, n),
            Action::Ends(n, well) => {
                state.left.failures -= u8::from(!well);
                self.ends(state, n, well);
            }
            Action::Cut(a, b) => {
                state.left.cuts -= 1;
                state.cut(a, b);
                state.cut(b, a);
            }
            Action::CutWay(a, b) => {
                state.left.cuts -= 1;
                state.cut(a, b);
            }
            Action::Heal => state.cuts = 0,
            _ => self.disturb(state, action),
        }
    }

    /// What happens to one host.
    fn disturb(&self, state: &mut State, action: Action) {
        match action {
            Action::Crash(n) => {
                state.left.crashes -= 1;
                state.hosts[n] = Host::dead(state.hosts[n].record.away);
                for host in &mut state.hosts {
                    if let Some(ask) = &mut host.asks[n] {
                        ask.under_way = false;
                    }
                }
            }
            Action::Boot(n) => {
                state.hosts[n] = Host::booted(state.hosts[n].record.away);
                self.ask_all(state, n);
            }
            Action::Dies(n) => {
                state.left.deaths -= 1;
                state.hosts[n] = state.hosts[n].without_mind();
            }
            Action::Rises(n) => {
                state.hosts[n].mind = true;
                state.hosts[n].record.alone = false;
                self.ask_all(state, n);
            }
            Action::Silence(n) => state.hosts[n].record.alone = true,
            Action::Away(n) => {
                state.left.hands -= 1;
                state.hosts[n].record.away = true;
            }
            Action::Back(n) => {
                let host = &mut state.hosts[n];
                host.record.away = false;
                if host.record.fact == Fact::Fail && !host.unpublished {
                    host.record.fact = Fact::Recover;
                }
            }
            Action::Repair(n) => {
                state.left.hands -= 1;
                state.hosts[n].record.fact = Fact::Recover;
            }
            Action::Fades(n) => state.hosts[n].post = Some(Post::Fact(Fact::Recover, false)),
            _ => {}
        }
    }

    /// A failsh begins a round. Whoever was silent in the last one is asked once.
    pub(super) fn ask_all(&self, state: &mut State, n: usize) {
        for other in (0..self.hosts).filter(|other| *other != n) {
            let under_way = state.hosts[other].power && !state.is_cut(n, other);
            let host = &mut state.hosts[n];
            let silent = host.seen[other].is_some_and(|seen| seen.said.is_none());
            host.asks[other] = Some(Ask {
                left: if silent { 0 } else { self.again },
                under_way,
                second: host.intent,
            });
            // Everybody has to answer anew before the next decision.
            host.seen[other] = None;
        }
    }

    fn missed(&self, state: &mut State, a: usize, b: usize) {
        let (lives, reaches) = (state.hosts[b].power, !state.is_cut(a, b));
        let Some(ask) = &mut state.hosts[a].asks[b] else {
            return;
        };
        let too_early = ask.under_way;
        if ask.left > 0 {
            ask.left -= 1;
            ask.under_way = lives && reaches;
            return;
        }
        if lives && !too_early {
            // From now on each may be wrong about the other, until he has heard him anew.
            state.misjudged = true;
            for (x, y) in [(a, b), (b, a)] {
                state.hosts[x].blind[y] = true;
                let seen = state.hosts[x].seen[y].as_mut();
                seen.into_iter().for_each(|seen| seen.after = false);
            }
        }
        self.close(state, a, b, None);
    }

    /// A question has come to its end.
    fn close(&self, state: &mut State, a: usize, b: usize, said: Option<super::Said>) {
        let host = &mut state.hosts[a];
        let second = host.asks[b].is_some_and(|ask| ask.second && host.intent);
        let after = host.blind[b];
        host.asks[b] = None;
        host.seen[b] = Some(Seen {
            said,
            second,
            after,
        });
    }
}
