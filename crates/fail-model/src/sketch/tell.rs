//! A step of the sketch as a sentence, for people.

use fail_core::decide::Verdict;

use super::acts::Action;
use super::state::{Post, Said, State, Task};

/// What a host is called.
pub fn name(host: usize) -> &'static str {
    ["hosta", "hostb", "hostc"]
        .get(host)
        .copied()
        .unwrap_or("?")
}

fn said(said: Said) -> String {
    let marks = [
        (said.starting, " starting"),
        (said.away, " away"),
        (said.alone, " unsupervised"),
    ];
    let marks = marks.iter().filter(|(is, _)| *is).map(|(_, word)| *word);
    format!("{}{}", said.fact, marks.collect::<String>())
}

/// What happened, and what the host made of it.
pub(super) fn tell(before: &State, action: Action, after: &State) -> String {
    let what = match action {
        Action::Answer(a, b) => match after.hosts[a].seen[b].and_then(|seen| seen.said) {
            Some(answer) => format!("{} answers {}: {}", name(b), name(a), said(answer)),
            None => format!("the answer of {} to {} is lost", name(b), name(a)),
        },
        Action::Decide(n) => match (before.hosts[n].post, after.hosts[n].post) {
            (None, Some(Post::Mark(true))) => {
                format!("{} may start, and has to say so first", name(n))
            }
            _ if before.hosts[n].task == after.hosts[n].task => return String::new(),
            _ => format!("{} decides", name(n)),
        },
        Action::Missed(a, b) if after.hosts[a].asks[b].is_some() => {
            format!("{} asks {} again", name(a), name(b))
        }
        Action::Missed(a, b) => format!("{} has no answer of {}", name(a), name(b)),
        Action::Publish(n) => {
            let post = before.hosts[n].post;
            let now = after.hosts[n].record;
            match post {
                Some(Post::Mark(false)) => format!("{} is no longer starting", name(n)),
                Some(Post::Mark(true)) => format!("{} is starting", name(n)),
                _ => format!("{} is {}", name(n), said(now)),
            }
        }
        Action::Ends(n, well) => {
            let how = if well { "ends" } else { "fails" };
            let task = before.hosts[n].task.map_or("", task);
            format!("the {task} script of {} {how}", name(n))
        }
        Action::Lose(a, b) => format!("a message between {} and {} is lost", name(a), name(b)),
        Action::Crash(n) => format!("{} loses its power", name(n)),
        Action::Boot(n) => format!("{} is switched on", name(n)),
        Action::Dies(n) => format!("the failsh of {} dies", name(n)),
        Action::Rises(n) => format!("the failsh of {} is started", name(n)),
        Action::Silence(n) => format!("{} is unsupervised", name(n)),
        Action::CutWay(a, b) => format!("nothing passes from {} to {}", name(a), name(b)),
        Action::Cut(a, b) => format!("the link between {} and {} is cut", name(a), name(b)),
        Action::Heal => "all links are whole".to_string(),
        Action::Away(n) => format!("somebody says: away, on {}", name(n)),
        Action::Back(n) => format!("somebody says: back, on {}", name(n)),
        Action::Repair(n) => format!("somebody says: RECOVER, on {}", name(n)),
        Action::Fades(n) => format!("{} forgets that it is FAIL", name(n)),
    };
    let acts = (before.hosts.iter().zip(&after.hosts).enumerate()).filter_map(|(n, (was, is))| {
        let news = was.task != is.task;
        is.task
            .filter(|_| news)
            .map(|now| format!(": {} runs {}", name(n), task(now)))
    });
    what + &acts.collect::<String>()
}

fn task(task: Task) -> &'static str {
    match task {
        Task::Start => Verdict::Start.word(),
        Task::Stop(..) => Verdict::Stop.word(),
        Task::Reclaim => "reclaim",
    }
}
