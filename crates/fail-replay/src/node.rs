//! faild's machine as text: its beginning, its inputs, its outputs.
//!
//! As in `plan`. What is to be on disk is written as a sum: it is all of the records, each
//! time, and follows from what came before.

use std::collections::BTreeMap;

use fail_core::access::{Access, Rights};
use fail_core::log::Line;
use fail_core::node::{Image, In, Node, Out, Peer};
use fail_core::time::Now;
use fail_wire::{Dice, Key, Name};
use serde::{Deserialize, Serialize};

use crate::letter::Letter;
use crate::limits::WORDS_MAX;
use crate::stands::Stands;
use crate::told::Told;

/// With what a node begins.
#[derive(Debug, Clone)]
pub struct NodeStart {
    /// When.
    pub now: Now,
    /// What its dice are made of.
    pub seed: [u8; 32],
    /// The kernel's boot id.
    pub boot: String,
    /// Who may do what.
    pub access: Access,
    /// What the last run left on disk.
    pub image: Image,
    /// The debug levels.
    pub facilities: Vec<(&'static str, u8)>,
}

impl NodeStart {
    /// The machine.
    pub fn machine(&self) -> Node {
        let (access, image) = (self.access.clone(), self.image.clone());
        let mut node = Node::new(self.now, &self.boot, &self.seed, access, image);
        node.debug(self.facilities.clone());
        node
    }

    pub(crate) fn tell(&self, stands: &mut Stands) -> NodeText {
        stands.set_node_secret(Dice::new(&self.seed).key());
        NodeText {
            boot: self.boot.clone(),
            access: AccessText::of(stands, &self.access),
            image: self.image.clone(),
            facilities: named(&self.facilities),
        }
    }
}

fn named<T: Copy>(pairs: &[(&'static str, T)]) -> Vec<(String, T)> {
    let pairs = pairs.iter();
    pairs.map(|(name, n)| ((*name).to_string(), *n)).collect()
}

/// The beginning as it is written.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeText {
    boot: String,
    access: AccessText,
    image: Image,
    facilities: Vec<(String, u8)>,
}

impl NodeText {
    pub(crate) fn hear(
        self,
        now: Now,
        seed: [u8; 32],
        stands: &mut Stands,
    ) -> Result<NodeStart, String> {
        stands.set_node_secret(Dice::new(&seed).key());
        Ok(NodeStart {
            now,
            seed,
            boot: self.boot,
            access: self.access.hear(stands)?,
            image: self.image,
            facilities: words(stands, self.facilities)?,
        })
    }
}

/// The rules, with stand-ins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessText {
    trust_loopback: bool,
    /// Service, or nothing for all; stand-in; rights.
    rules: Vec<(Option<Name>, String, Rights)>,
}

impl AccessText {
    fn of(stands: &mut Stands, access: &Access) -> AccessText {
        let keys: Vec<Key> = access.rules().map(|(_, key, _)| key.clone()).collect();
        stands.admit(keys);
        let rules = access.rules();
        let rules = rules.map(|(service, key, rights)| (service.cloned(), stands.key(key), rights));
        AccessText {
            trust_loopback: access.trusts_loopback(),
            rules: rules.collect(),
        }
    }

    fn hear(self, stands: &mut Stands) -> Result<Access, String> {
        let mut access = Access::none();
        if self.trust_loopback {
            access.trust_loopback();
        }
        for (service, stand, rights) in self.rules {
            let key = stands.replay(&stand)?;
            let added = access.add(service, key, rights);
            added.map_err(|bad| format!("stand-in \"{stand}\": {bad}"))?;
        }
        Ok(access)
    }
}

/// Names of a recording as the machine wants them: for ever. There are few.
fn words<T>(
    stands: &mut Stands,
    pairs: Vec<(String, T)>,
) -> Result<Vec<(&'static str, T)>, String> {
    let each = |(name, n)| Ok((stands.word(name)?, n));
    pairs.into_iter().map(each).collect()
}

/// The names that were read.
#[derive(Debug, Default)]
pub(crate) struct Words(BTreeMap<String, &'static str>);

impl Words {
    pub fn word(&mut self, name: String) -> Result<&'static str, String> {
        if let Some(known) = self.0.get(&name) {
            return Ok(known);
        }
        if self.0.len() >= WORDS_MAX {
            return Err(format!("more than {WORDS_MAX} names of figures"));
        }
        let word: &'static str = Box::leak(name.clone().into_boxed_str());
        self.0.insert(name, word);
        Ok(word)
    }
}

/// An input.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InText {
    /// A message.
    Datagram {
        /// From whom.
        #[serde(flatten)]
        from: Peer,
        /// What.
        #[serde(flatten)]
        letter: Letter,
    },
    /// What the program around it has counted; nothing: as it was told last.
    Beside(Option<Vec<(String, u64)>>),
    /// A connection is no more.
    Gone(u64),
    /// A save is done.
    Saved {
        /// Its number.
        no: u64,
        /// Whether it is on disk.
        ok: bool,
    },
    /// Other rules.
    Access(AccessText),
}

/// An output.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutText {
    /// A message.
    Send {
        /// To whom.
        #[serde(flatten)]
        to: Peer,
        /// What.
        #[serde(flatten)]
        letter: Letter,
    },
    /// The records go to disk.
    Save {
        /// The number of it.
        no: u64,
        /// How many there are.
        records: usize,
        /// A sum over all of them.
        sum: u64,
    },
    /// A debug level is set.
    Level {
        /// Of what.
        facility: String,
        /// 0 to 2.
        level: u8,
    },
    /// A peer is known from now on.
    Know(Peer),
    /// No longer.
    Forget(Peer),
    /// A line for the log.
    Log(Line),
}

/// A number that is another for any other image.
fn sum(image: &Image) -> u64 {
    // An image is plain values, and the text is a legal community.
    let bytes = serde_json::to_vec(image).unwrap_or_default();
    Key::new("recorded:sum").map_or(0, |key| key.seal(&bytes))
}

impl Told for Node {
    const PROGRAM: &'static str = "faild";
    type InText = InText;
    type OutText = OutText;

    fn tell_in(stands: &mut Stands, input: &In) -> InText {
        match input {
            In::Datagram { from, bytes } => InText::Datagram {
                from: *from,
                letter: Letter::of(bytes, stands, |stand, cookie| {
                    stands.own_cookie(*from, stand, cookie)
                }),
            },
            In::Beside(figures) => {
                let same = stands.beside == *figures;
                stands.beside.clone_from(figures);
                InText::Beside((!same).then(|| named(figures)))
            }
            In::Gone { stream } => InText::Gone(*stream),
            In::Saved { no, ok } => InText::Saved { no: *no, ok: *ok },
            In::Access(access) => InText::Access(AccessText::of(stands, access)),
        }
    }

    fn hear_in(stands: &mut Stands, text: InText) -> Result<In, String> {
        Ok(match text {
            InText::Datagram { from, letter } => In::Datagram {
                from,
                bytes: letter.message(stands)?,
            },
            InText::Beside(figures) => {
                if let Some(figures) = figures {
                    stands.beside = words(stands, figures)?;
                }
                In::Beside(stands.beside.clone())
            }
            InText::Gone(stream) => In::Gone { stream },
            InText::Saved { no, ok } => In::Saved { no, ok },
            InText::Access(access) => In::Access(access.hear(stands)?),
        })
    }

    fn tell_out(stands: &mut Stands, out: &Out) -> OutText {
        match out {
            Out::Send { to, bytes } => OutText::Send {
                to: *to,
                letter: Letter::of(bytes, stands, |stand, cookie| {
                    stands.own_cookie(*to, stand, cookie)
                }),
            },
            Out::Save { no, image } => OutText::Save {
                no: *no,
                records: image.records.len(),
                sum: sum(image),
            },
            Out::Level { facility, level } => OutText::Level {
                facility: (*facility).to_string(),
                level: *level,
            },
            Out::Know { peer } => OutText::Know(*peer),
            Out::Forget { peer } => OutText::Forget(*peer),
            Out::Log(line) => OutText::Log(line.clone()),
        }
    }
}
