//! The way by which an ensemble of thresholds is run: small trees by bits, large ones by walking.

use crate::ensemble::bits::Bits;
use crate::ensemble::flat::Flat;
use crate::ensemble::tree::Tree;

/// Trees ready to run; all ways add the same leaves in the same order, so that the sums are the same bits.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fast {
    /// Up to 32 leaves a tree.
    Small(Bits<1>),
    /// Up to 64.
    Middle(Bits<2>),
    /// Any number.
    Large(Flat),
}

impl Fast {
    /// `None` when a test is not a threshold.
    pub(super) fn of(trees: &[Tree], targets: usize, width: usize) -> Option<Self> {
        let nodes = trees.iter().map(|tree| tree.nodes.len()).max().unwrap_or(0);
        // A tree of n leaves has 2n − 1 nodes.
        let by_bits = match nodes {
            ..64 => Bits::of(trees, targets, width).map(Self::Small),
            64..128 => Bits::of(trees, targets, width).map(Self::Middle),
            _ => None,
        };
        by_bits.or_else(|| Flat::of(trees, targets).map(Self::Large))
    }

    /// The sum over the trees: `targets` numbers a row.
    pub(super) fn sums(&self, rows: &[f32], width: usize) -> Vec<f64> {
        match self {
            Self::Small(bits) => bits.sums(rows, width),
            Self::Middle(bits) => bits.sums(rows, width),
            Self::Large(flat) => flat.sums(rows, width),
        }
    }
}
