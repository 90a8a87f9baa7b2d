//! Sharing whole thousandths out so that they sum exactly.

/// Rounds thousandths of a point to tenths of a point, halves up.
pub fn round_to_tenth(milli: i64) -> i64 {
    (milli + 50).div_euclid(100) * 100
}

/// Shares `total` out in proportion to `wanted` (largest remainder); nothing when nothing is wanted.
pub fn allocate(wanted: &[f64], total: i64) -> Vec<i64> {
    let sum: f64 = wanted.iter().sum();
    if sum <= 0.0 {
        return vec![0; wanted.len()];
    }
    let exact: Vec<f64> = wanted.iter().map(|w| w * total as f64 / sum).collect();
    let limits: Vec<i64> = wanted.iter().map(|w| if *w > 0.0 { total } else { 0 }).collect();
    settle(&exact, &limits, total)
}

/// Rounds `exact` to whole numbers between 0 and their limit that sum to `total`: first by largest remainder, then,
/// as long as something is left over, one each to those that have room.
pub fn settle(exact: &[f64], limits: &[i64], total: i64) -> Vec<i64> {
    let mut whole: Vec<i64> = exact
        .iter()
        .zip(limits)
        .map(|(e, limit)| (e.floor() as i64).clamp(0, *limit))
        .collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    let remainder = |at: usize| exact[at] - exact[at].floor();
    order.sort_by(|a, b| remainder(*b).total_cmp(&remainder(*a)).then(a.cmp(b)));
    let mut left = total - whole.iter().sum::<i64>();
    let mut anyone = false;
    while left != 0 {
        let before = left;
        let step = left.signum();
        for &at in &order {
            // What costs nothing by itself is not charged for rounding while others can be.
            let room = if step > 0 {
                (anyone || exact[at] > 0.0) && whole[at] < limits[at]
            } else {
                whole[at] > 0
            };
            if left != 0 && room {
                whole[at] += step;
                left -= step;
            }
        }
        if left == before {
            if anyone {
                break;
            }
            anyone = true;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn shares_sum_to_the_whole(wanted in proptest::collection::vec(0.0_f64..50.0, 1..20)) {
            let shares = allocate(&wanted, 100_000);
            let expected = if wanted.iter().sum::<f64>() > 0.0 { 100_000 } else { 0 };
            prop_assert_eq!(shares.iter().sum::<i64>(), expected);
            prop_assert!(shares.iter().all(|s| *s >= 0));
        }
    }

    #[test]
    fn thirds_differ_by_at_most_one() {
        assert_eq!(allocate(&[1.0, 1.0, 1.0], 100_000), vec![33_334, 33_333, 33_333]);
    }
}
