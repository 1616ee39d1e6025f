//! What is checked, with which bounds: a few small worlds in every `cargo test`, and the large
//! ones with `scripts/model --full`.

use fail_core::time::Span;

use crate::Budget;
use crate::real::Real;
use crate::sketch::Sketch;

/// A world of either kind.
#[derive(Debug, Clone, Copy)]
pub enum Which {
    /// The rule with its messages.
    Sketch(Sketch),
    /// The machines themselves.
    Real(Real),
}

/// One of them, and when it is walked through.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// The world.
    pub which: Which,
    /// It takes too long for every day.
    pub large: bool,
}

/// Nothing happens but what has to.
pub const CALM: Budget = Budget {
    losses: 0,
    crashes: 0,
    deaths: 0,
    cuts: 0,
    failures: 0,
    hands: 0,
};

/// One host may lose its power.
pub const CRASH: Budget = Budget { crashes: 1, ..CALM };

/// One failsh may die.
pub const DEATH: Budget = Budget { deaths: 1, ..CALM };

/// One link may be cut, one way or both.
pub const CUT: Budget = Budget { cuts: 1, ..CALM };

/// One message may be lost.
pub const LOSS: Budget = Budget { losses: 1, ..CALM };

/// One script may fail.
pub const FAILURE: Budget = Budget {
    failures: 1,
    ..CALM
};

/// Somebody may say something.
pub const HAND: Budget = Budget { hands: 1, ..CALM };

fn sketch(hosts: usize, again: u8, serving: bool, budget: Budget) -> Sketch {
    Sketch {
        again,
        serving,
        budget,
        ..Sketch::of(hosts)
    }
}

fn real(hosts: usize, again: u32, serving: bool, budget: Budget) -> Real {
    Real {
        again,
        serving,
        budget,
        // Half an interval: while one host sleeps, the other asks.
        apart: Span::from_millis(45),
        ..Real::of(hosts)
    }
}

/// All of them, the sketches first.
pub fn all() -> Vec<Run> {
    let mut runs = Vec::new();
    let mut add = |large, which| runs.push(Run { which, large });
    let two = Budget {
        losses: 2,
        crashes: 1,
        cuts: 1,
        ..CALM
    };
    for budget in [CRASH, DEATH, CUT, FAILURE, HAND] {
        add(false, Which::Sketch(sketch(2, 0, false, budget)));
    }
    let no_failback = Sketch {
        failback: false,
        ..sketch(2, 0, false, CUT)
    };
    add(false, Which::Sketch(no_failback));
    let loss = Budget { losses: 2, ..CALM };
    add(false, Which::Sketch(sketch(2, 1, true, loss)));
    add(false, Which::Sketch(sketch(3, 0, true, CUT)));
    let each = Budget { losses: 1, ..HAND };
    add(true, Which::Sketch(sketch(3, 0, true, each)));
    add(true, Which::Sketch(sketch(2, 1, false, two)));
    let more = Budget {
        losses: 1,
        crashes: 1,
        deaths: 1,
        cuts: 1,
        ..CALM
    };
    add(true, Which::Sketch(sketch(2, 1, true, more)));
    let most = Budget {
        failures: 1,
        hands: 1,
        losses: 0,
        ..more
    };
    add(true, Which::Sketch(sketch(2, 0, true, most)));
    add(true, Which::Sketch(sketch(3, 0, false, CALM)));
    let three = [
        CRASH,
        Budget { losses: 1, ..CUT },
        Budget { cuts: 1, ..DEATH },
        Budget { cuts: 1, ..HAND },
    ];
    for budget in three {
        add(true, Which::Sketch(sketch(3, 0, true, budget)));
    }
    add(false, Which::Real(real(2, 0, false, CALM)));
    add(false, Which::Real(real(2, 0, true, LOSS)));
    add(false, Which::Real(real(2, 0, false, FAILURE)));
    let together = Real {
        apart: Span::ZERO,
        ..real(2, 0, false, CALM)
    };
    add(true, Which::Real(together));
    add(
        true,
        Which::Real(real(2, 1, true, Budget { losses: 2, ..CALM })),
    );
    for budget in [CRASH, DEATH, CUT] {
        add(true, Which::Real(real(2, 0, true, budget)));
    }
    add(true, Which::Real(real(3, 0, false, CALM)));
    add(true, Which::Real(real(3, 0, true, LOSS)));
    runs
}
