//! Rules to targets: patterns are looked up, names filled in, lines read, and all of it held
//! together: every target once, every dependency there, none in a circle.

use std::collections::{BTreeMap, BTreeSet};

use fail_core::limits::{DEPENDS_MAX, TARGET_LINES_MAX, TARGETS_MAX};
use fail_core::watch::{Bad, Event, Target, Targets, Verdict};
use fail_wire::Name;

use super::acts::on;
use super::checks::{check, module};
use super::lex::Word;
use super::limits::{BYTES_MAX, LINE_BYTES_MAX, LINKS_MAX, PATTERNS_MAX};
use super::modules::modules;
use super::place::{At, Faults, Kind, Wrong, meant, shown};
use super::print::INDENT;
use super::read::{Rule, Script};
use super::settings::{SETTINGS, Settings};
use super::source::{Source, join};
use super::{Body, Hcfile, advice, links};

/// All settings but windows take no more than this when they are printed.
const SETTINGS_BYTES: usize = 512;

/// A name with a `%` and the rule in which it stands.
struct Pattern<'a> {
    rule: &'a Rule,
    word: &'a Word,
    before: &'a str,
    after: &'a str,
    fits: bool,
}

impl<'a> Pattern<'a> {
    /// What the `%` stands for, if it fits.
    fn stem<'b>(&self, name: &'b str) -> Option<&'b str> {
        let rest = name.strip_prefix(self.before)?;
        rest.strip_suffix(self.after)
            .filter(|stem| !stem.is_empty())
    }
}

/// A target on its way.
#[derive(Default)]
struct Draft {
    settings: Settings,
    depends: Vec<(Name, At)>,
    lines: Vec<fail_core::watch::Line>,
    /// Where those stand.
    ats: Vec<At>,
    body: Body,
    /// Where the checks stand.
    check_ats: Vec<At>,
    /// The lines that are being read are those of several targets.
    shared: bool,
    /// A line or dependency could not be read, which was said.
    gaps: bool,
}

/// Lines about an event that comes only with a setting or a check, and whether a target has both.
type Asked = BTreeMap<(At, Event), bool>;

struct Builder<'a> {
    script: &'a Script,
    source: &'a dyn Source,
    faults: &'a mut Faults,
    /// Modules of which it was said that they are not loaded.
    missing: BTreeSet<&'static str>,
    /// Modules of which there is a check.
    used: BTreeSet<&'static str>,
    asked: Asked,
    /// Where the lines of each target stand.
    lines_at: advice::Places,
    /// Of what is printed, as far as it is known.
    bytes: usize,
    links: usize,
    /// A limit of all together is reached, which was said: nothing more is made.
    over: bool,
    /// There are targets that are not known, which was said.
    gaps: bool,
}

/// Makes of rules what they come to. What is wrong is in `faults`.
pub(crate) fn build(script: &Script, source: &dyn Source, faults: &mut Faults) -> Hcfile {
    let mut builder = Builder {
        script,
        source,
        faults,
        missing: BTreeSet::new(),
        used: BTreeSet::new(),
        asked: BTreeMap::new(),
        lines_at: BTreeMap::new(),
        bytes: 0,
        links: 0,
        over: false,
        gaps: script.gaps,
    };
    let (targets, mut patterns) = builder.names();
    let mut hcfile = Hcfile::default();
    let mut made = Vec::new();
    let mut places = BTreeMap::new();
    for (name, rule, at) in &targets {
        if builder.over || builder.faults.is_full() {
            break;
        }
        let draft = builder.target(name, rule, &mut patterns);
        places.insert(name.clone(), (*at, draft.depends.clone()));
        hcfile
            .places
            .insert(name.clone(), builder.faults.place(*at));
        made.push(builder.finish(name, *at, draft, &mut hcfile));
    }
    for pattern in patterns.iter().filter(|pattern| !pattern.fits) {
        builder.in_vain(pattern);
    }
    builder.warn_of_silence();
    if !builder.over && !builder.gaps {
        links::missing(&places, &script.perhaps, builder.faults);
    }
    // Those that are not there were told, and a circle is one all the same.
    for target in &mut made {
        target.depends.retain(|on| places.contains_key(on));
    }
    match Targets::new(made) {
        Ok(targets) => hcfile.targets = targets,
        Err(Bad::Circle(names)) => links::circle(&names, &places, builder.faults),
        // Said where the place is known.
        Err(bad) => debug_assert!(!builder.faults.is_empty(), "{bad}"),
    }
    if builder.faults.is_empty() && hcfile.targets.is_empty() {
        // Such as one that an editor has just emptied to write it anew.
        let problem = Kind::Empty.words().to_string();
        builder.faults.add(Kind::Empty, (At::whole(0), problem));
    }
    if builder.faults.is_empty() {
        advice::give(&hcfile, &builder.lines_at, source, builder.faults);
    }
    hcfile
}

impl<'a> Builder<'a> {
    /// All targets in their order, and all patterns.
    #[allow(
        clippy::type_complexity,
        reason = "used in one place, where it is taken apart"
    )]
    fn names(&mut self) -> (Vec<(Name, &'a Rule, At)>, Vec<Pattern<'a>>) {
        let (mut targets, mut patterns) = (Vec::new(), Vec::<Pattern>::new());
        let mut seen: BTreeMap<Name, At> = BTreeMap::new();
        for rule in &self.script.rules {
            for word in &rule.names {
                let name = match target_name(word) {
                    Ok(name) => name,
                    Err(wrong) => {
                        self.faults.add(Kind::Target, wrong);
                        continue;
                    }
                };
                if let Some((before, after)) = word.text.split_once('%') {
                    if after.contains('%') {
                        let problem = format!("the pattern {} has more than one %", word.shown());
                        self.faults.add(Kind::Target, word.wrong(problem));
                    } else if patterns.len() >= PATTERNS_MAX {
                        let problem = format!("more than {PATTERNS_MAX} patterns");
                        self.faults.add(Kind::Target, word.wrong(problem));
                        return (targets, patterns);
                    } else {
                        patterns.push(Pattern {
                            rule,
                            word,
                            before,
                            after,
                            fits: false,
                        });
                    }
                    continue;
                }
                if let Some(first) = seen.get(&name) {
                    let first = self.faults.place(*first);
                    let problem = format!(
                        "the target {} is there twice, first in {first}",
                        word.shown()
                    );
                    self.faults.add(Kind::Target, word.wrong(problem));
                    continue;
                }
                if targets.len() >= TARGETS_MAX {
                    self.gaps = true;
                    let problem = format!("more than {TARGETS_MAX} targets");
                    self.faults.add(Kind::Limit, word.wrong(problem));
                    return (targets, patterns);
                }
                seen.insert(name.clone(), word.at);
                targets.push((name, rule, word.at));
            }
        }
        (targets, patterns)
    }

    /// A target with all that patterns say of it.
    fn target(&mut self, name: &Name, rule: &'a Rule, patterns: &mut [Pattern<'a>]) -> Draft {
        let mut draft = Draft::default();
        draft.settings.put(&rule.defaults, 1);
        draft.shared = true;
        let mut near = 1;
        let mut last: Option<&Rule> = None;
        for pattern in patterns {
            let Some(stem) = pattern.stem(name.as_str()) else {
                continue;
            };
            pattern.fits = true;
            // Of the patterns of one rule the first that fits.
            if last.is_some_and(|rule| std::ptr::eq(rule, pattern.rule)) {
                continue;
            }
            last = Some(pattern.rule);
            near += 1;
            self.depends(pattern.rule, name, Some(stem), &mut draft);
            self.lines(&pattern.rule.lines, name.as_str(), stem, near, &mut draft);
        }
        draft.shared = rule.names.len() > 1;
        self.depends(rule, name, None, &mut draft);
        self.lines(&rule.lines, name.as_str(), "", near + 1, &mut draft);
        draft
    }

    /// A pattern that fits nothing. Its lines are looked at all the same, but for those that
    /// could be right with some name.
    fn in_vain(&mut self, pattern: &Pattern) {
        let mut draft = Draft::default();
        let lines = pattern.rule.lines.iter();
        let closed = lines.filter(|line| !line.iter().any(Word::is_open));
        self.lines(closed, "", "", 1, &mut draft);
        let problem = format!("the pattern {} fits no target", pattern.word.shown());
        self.faults.warn(pattern.word.at, problem);
    }

    /// What a rule makes a target depend on. With a stem it is a pattern's.
    fn depends(&mut self, rule: &Rule, name: &Name, stem: Option<&str>, draft: &mut Draft) {
        draft.gaps |= rule.broken;
        for word in &rule.depends {
            let mut on = word.clone();
            if let Some(stem) = stem {
                on.text = on.text.replacen('%', stem, 1);
            }
            let on = match target_name(&on) {
                Ok(on) => on,
                Err(wrong) => {
                    draft.gaps = true;
                    self.faults.add(Kind::Dependency, wrong);
                    continue;
                }
            };
            let own = stem.is_some() && on == *name;
            if own || draft.depends.iter().any(|(known, _)| *known == on) {
                continue;
            }
            self.links += 1;
            if draft.depends.len() >= DEPENDS_MAX {
                let problem = format!("a target has at most {DEPENDS_MAX} dependencies");
                return self.faults.add(Kind::Limit, word.wrong(problem));
            }
            if self.links > LINKS_MAX {
                self.over = true;
                let problem = format!("more than {LINKS_MAX} dependencies of all targets together");
                return self.faults.add(Kind::Limit, word.wrong(problem));
            }
            draft.depends.push((on, word.at));
        }
    }

    /// The lines of a rule, for one target.
    fn lines<'b>(
        &mut self,
        lines: impl IntoIterator<Item = &'b Vec<Word>>,
        name: &str,
        stem: &str,
        near: usize,
        draft: &mut Draft,
    ) {
        let mut settings = Settings::default();
        for line in lines {
            let words: Vec<Word> = line.iter().map(|word| word.fill(name, stem)).collect();
            let Some(head) = words.first().filter(|_| !self.over) else {
                continue;
            };
            let bytes = match self.line(head, &words, &mut settings, draft) {
                Ok(bytes) => bytes,
                Err(wrong) => {
                    draft.gaps = true;
                    if draft.shared && line.iter().any(Word::is_open) {
                        self.faults.concerns(wrong.0, name);
                    }
                    self.faults.add(kind(head), wrong);
                    words.iter().map(|word| word.text.len()).sum()
                }
            };
            self.spend(bytes, head.at);
        }
        draft.settings.put(&settings, near);
    }

    /// So many bytes more of what is printed.
    fn spend(&mut self, bytes: usize, at: At) {
        self.bytes += bytes + INDENT.len() + 1;
        if self.bytes > BYTES_MAX && !self.over {
            self.over = true;
            let problem =
                format!("up to here, all written out, there are more than {BYTES_MAX} bytes");
            self.faults.add(Kind::Limit, (at, problem));
        }
    }

    /// One line. Gives how many bytes it has when it is printed.
    fn line(
        &mut self,
        head: &Word,
        words: &[Word],
        settings: &mut Settings,
        draft: &mut Draft,
    ) -> Result<usize, Wrong> {
        let file = self.script.files.get(usize::from(head.at.file));
        let beside = file.map_or("", String::as_str);
        let paths = |path: &str| self.source.path(&join(beside, path));
        if SETTINGS.contains(&head.text.as_str()) {
            if words.get(1).is_some_and(|word| word.text == "=") {
                return Err(head.wrong(format!("in a target it is {} without =", head.text)));
            }
            settings.say(head, &words[1..])?;
            // Counted where it is known which ones hold.
            return Ok(0);
        }
        if head.text == "on" {
            let on = on(words, &paths)?;
            if draft.lines.len() >= TARGET_LINES_MAX {
                let problem = format!("a target has at most {TARGET_LINES_MAX} lines with on");
                return Err(head.wrong(problem));
            }
            let bytes = printed_bytes(head, &on.shown)?;
            draft.body.shown.push(on.shown);
            draft.body.public.push(on.public);
            draft.body.actions.push(on.action);
            draft.ats.push(head.at);
            draft.lines.push(on.line);
            return Ok(bytes);
        }
        let Some(module) = module(&head.text) else {
            return Err(head.wrong(unknown(head)));
        };
        let line = check(words, &paths)?;
        self.used.insert(module.name);
        if !self.script.loaded.contains_key(module.name) && self.missing.insert(module.name) {
            let name = module.name;
            return Err(head.wrong(format!(
                "the module {name} is not loaded; write: load {name}"
            )));
        }
        if draft.body.checks.len() >= TARGET_LINES_MAX {
            let problem = format!("a target has at most {TARGET_LINES_MAX} checks");
            return Err(head.wrong(problem));
        }
        let bytes = printed_bytes(head, &line.shown)?;
        draft.body.checks.push(line);
        draft.check_ats.push(head.at);
        Ok(bytes)
    }

    /// Puts a target together.
    fn finish(&mut self, name: &Name, at: At, draft: Draft, hcfile: &mut Hcfile) -> Target {
        let Draft {
            settings,
            depends,
            lines,
            ats,
            mut body,
            check_ats,
            gaps,
            ..
        } = draft;
        let said = shown(name.as_str());
        if body.checks.is_empty() && depends.is_empty() && !gaps {
            let problem = format!("the target {said} has neither checks nor dependencies");
            self.faults.add(Kind::Target, (at, problem));
        }
        let pace = settings.pace().unwrap_or_else(|wrong| {
            self.faults.add(Kind::Setting, wrong);
            Default::default()
        });
        // A default is for those that depend on something.
        let need = { settings.need }.filter(|need| need.near > 1 || !depends.is_empty());
        let need = need.and_then(|need| Some((need.value?, need.at)));
        if let Some((need, at)) = need.filter(|(need, _)| *need > depends.len() && !gaps) {
            let count = depends.len();
            let problem = format!("need is {need}, but {said} depends on {count}");
            self.faults.add(Kind::Setting, (at, problem));
        }
        for (line, at) in lines.iter().zip(ats.iter().copied()) {
            for (event, there) in [
                (Event::Flapping, pace.flap.is_some()),
                (Event::Renotify, pace.renotify.is_some()),
                (Event::Warning, !body.checks.is_empty()),
                (Event::Clear, !body.checks.is_empty()),
            ] {
                if line.on.contains(&event) {
                    *self.asked.entry((at, event)).or_default() |= there;
                }
            }
        }
        body.unknown = settings.unknown().filter(|_| !body.checks.is_empty());
        body.quiet = settings.quiet();
        for check in &mut body.checks {
            if let (Verdict::Unknown, Some(unknown)) = (check.terms.unknown, body.unknown) {
                check.terms.unknown = unknown;
            }
        }
        let windows = settings.windows();
        let texts: Vec<String> = { windows.iter() }
            .map(|(window, _)| window.to_string())
            .collect();
        let names = depends.iter().map(|(on, _)| on.as_str().len() + 1);
        let head = name.as_str().len() + names.sum::<usize>();
        self.spend(head + SETTINGS_BYTES, at);
        texts
            .iter()
            .for_each(|text| self.spend("maintenance ".len() + text.len(), at));
        hcfile
            .windows
            .extend({ windows.iter() }.map(|(window, _)| (window.to_string(), window.clone())));
        let target = Target {
            name: name.clone(),
            depends: depends.into_iter().map(|(on, _)| on).collect(),
            need: need.map(|(need, _)| need),
            checks: body.checks.len(),
            unknown: body.checks.iter().map(|line| line.terms.unknown).collect(),
            pace,
            windows: texts,
            lines,
        };
        hcfile.bodies.insert(name.clone(), body);
        let lines = advice::Lines {
            checks: check_ats,
            actions: ats,
            windows,
        };
        self.lines_at.insert(name.clone(), lines);
        target
    }

    /// Lines that never come to anything, and modules that none has.
    fn warn_of_silence(&mut self) {
        for ((at, event), there) in &self.asked {
            if !there {
                let what = match event {
                    Event::Flapping => "the setting flap",
                    Event::Renotify => "the setting renotify",
                    _ => "a check",
                };
                let event = event.word();
                let problem = format!("{event} never happens without {what}");
                self.faults.warn(*at, problem);
            }
        }
        for (module, at) in &self.script.loaded {
            if !self.used.contains(module) {
                let problem = format!("the module {module} is loaded and not used");
                self.faults.warn(*at, problem);
            }
        }
    }
}

/// How many bytes a line has when it is printed: it must be short enough to be read again.
fn printed_bytes(head: &Word, shown: &str) -> Result<usize, Wrong> {
    match shown.len() + INDENT.len() <= LINE_BYTES_MAX {
        true => Ok(shown.len()),
        false => {
            let problem = "with names and paths put in, the line has more than";
            Err(head.wrong(format!("{problem} {LINE_BYTES_MAX} bytes")))
        }
    }
}

/// A name as a target can have it. That of a pattern has a `%`.
fn target_name(word: &Word) -> Result<Name, Wrong> {
    let name = Name::new(&word.text);
    let name = name.map_err(|bad| word.wrong(format!("the target {}: {bad}", word.shown())))?;
    let problem = match word.text.as_str() {
        text if text.contains('=') => "a name of a target can not contain \"=\"",
        text if text.ends_with(':') => "a name of a target can not end with a colon",
        _ => return Ok(name),
    };
    Err(word.wrong(format!("the target {}: {problem}", word.shown())))
}

/// What a line of a target is by its first word.
fn kind(head: &Word) -> Kind {
    match head.text.as_str() {
        "on" => Kind::Action,
        text if SETTINGS.contains(&text) => Kind::Setting,
        text if module(text).is_some() => Kind::Check,
        _ => Kind::Line,
    }
}

/// What an unknown first word of a line may have been meant to be.
fn unknown(head: &Word) -> String {
    let text = head.text.as_str();
    if let Some((name, _)) = text
        .split_once('=')
        .filter(|(name, _)| SETTINGS.contains(name))
    {
        return format!("in a target it is {name} without =");
    }
    if text == "load" || text == "include" {
        return format!("{text} is not indented");
    }
    let known = modules().iter().map(|module| module.name);
    let near = meant(text, known.chain(SETTINGS).chain(["on"]));
    format!("unknown word {}{near}", head.shown())
}
