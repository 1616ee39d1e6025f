//! Lengths of time: lists of (from, to), in order and apart from each other.

/// A list of them.
pub type Spans = Vec<(u64, u64)>;

/// Those that touch or overlap as one.
pub fn joined(spans: impl IntoIterator<Item = (u64, u64)>) -> Spans {
    let mut all: Spans = spans.into_iter().collect();
    all.sort_unstable();
    let mut joined: Spans = Vec::new();
    for (from, to) in all {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// What is left of `spans` outside of `holes`. Moments stay if no hole holds them.
pub fn without(spans: &Spans, holes: &Spans) -> Spans {
    let mut left = Vec::new();
    for &(from, to) in spans {
        let mut begin = from;
        let mut whole = from == to;
        for &(hole, end) in holes.iter().filter(|(_, end)| *end >= from) {
            if hole > to {
                break;
            }
            if whole && hole <= from && from <= end {
                whole = false;
            }
            if hole > begin {
                left.push((begin, hole));
            }
            begin = begin.max(end);
        }
        if begin < to || whole {
            left.push((begin, to));
        }
    }
    left
}

/// From several lists, one per host: the pieces of time from 0 to `end` in which the same hosts
/// are in their spans, and which these are.
pub fn overlay(lists: &[Spans], end: u64) -> Vec<(u64, u64, Vec<usize>)> {
    let edges = lists.iter().flatten().flat_map(|(from, to)| [*from, *to]);
    let mut edges: Vec<u64> = edges.chain([0, end]).filter(|edge| *edge <= end).collect();
    edges.sort_unstable();
    edges.dedup();
    let mut next = vec![0; lists.len()];
    let mut pieces: Vec<(u64, u64, Vec<usize>)> = Vec::new();
    for pair in edges.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let mut inside = Vec::new();
        for (host, spans) in lists.iter().enumerate() {
            while spans.get(next[host]).is_some_and(|span| span.1 <= from) {
                next[host] += 1;
            }
            if spans.get(next[host]).is_some_and(|span| span.0 <= from) {
                inside.push(host);
            }
        }
        match pieces.last_mut() {
            Some(last) if last.2 == inside => last.1 = to,
            _ => pieces.push((from, to, inside)),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_touch_are_one() {
        assert_eq!(joined([(5, 7), (0, 2), (2, 3), (6, 9)]), [(0, 3), (5, 9)]);
        assert_eq!(joined([]), []);
    }

    #[test]
    fn holes_cut_pieces_out() {
        let spans = vec![(0, 10), (20, 30)];
        assert_eq!(without(&spans, &vec![(2, 4)]), [(0, 2), (4, 10), (20, 30)]);
        assert_eq!(without(&spans, &vec![(0, 10), (25, 40)]), [(20, 25)]);
        assert_eq!(without(&spans, &vec![(9, 21)]), [(0, 9), (21, 30)]);
        assert_eq!(without(&spans, &vec![]), spans);
        assert_eq!(without(&vec![(5, 5), (7, 7)], &vec![(4, 6)]), [(7, 7)]);
    }

    #[test]
    fn an_overlay_tells_who_is_inside_when() {
        let lists = [vec![(1, 5)], vec![(3, 8)]];
        let pieces = overlay(&lists, 10);
        let expected = [
            (0, 1, vec![]),
            (1, 3, vec![0]),
            (3, 5, vec![0, 1]),
            (5, 8, vec![1]),
            (8, 10, vec![]),
        ];
        assert_eq!(pieces, expected);
        assert_eq!(overlay(&[vec![], vec![]], 4), [(0, 4, vec![])]);
    }
}
