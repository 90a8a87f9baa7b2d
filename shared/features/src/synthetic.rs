//! Series by chance that tests hold methods against; the same numbers on every machine.

/// Use by day of the week: five working days and a quiet weekend.
pub(crate) const WEEK: [f64; 7] = [1.2, 1.3, 1.2, 1.1, 1.0, 0.2, 0.1];

/// SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) struct Chance(u64);

impl Chance {
    /// Seeds that stand side by side give series of nothing in common.
    pub(crate) fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x5851_f42d_4c95_7f2d))
    }

    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        ((mix(self.0) >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// A count with a mean; days differ by chance, and by `wild` (standard deviation of the logarithm) beyond it.
    pub(crate) fn count(&mut self, mean: f64, wild: f64) -> f64 {
        let mean = mean * (wild * self.normal() - wild * wild / 2.0).exp();
        if mean > 60.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0);
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.uniform(), 0.0);
        while product > limit {
            product *= self.uniform();
            count += 1.0;
        }
        count
    }
}

fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
