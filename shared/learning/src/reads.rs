//! A model's inputs out of rows of the catalogue's features.

use copilot_features::CATALOGUE;
use copilot_features::buyers::Buyer;
use copilot_scoring::learnt_card::LearntCard;

/// Where the features that tell of a buyer stand in such a row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OfBuyers(Vec<(&'static str, usize)>);

impl OfBuyers {
    pub(crate) fn new() -> Self {
        let named = CATALOGUE.iter().map(|spec| spec.name).zip(0..);
        Self(named.filter(|(name, _)| Buyer::TOLD_BY.contains(name)).collect())
    }

    /// One of them; `None` of others, and where it is missing.
    pub(crate) fn value(&self, row: &[f32], feature: &str) -> Option<f64> {
        let (_, column) = self.0.iter().find(|(name, _)| *name == feature)?;
        let value = row[*column];
        value.is_finite().then(|| f64::from(value))
    }
}

/// Where the inputs of a model stand in such a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Reads<'a> {
    card: &'a LearntCard,
    /// `None`: no feature, but told from features by the card; or unknown by now.
    columns: Vec<Option<usize>>,
    of_buyers: OfBuyers,
}

impl<'a> Reads<'a> {
    /// The inputs of a card.
    pub fn of(card: &'a LearntCard) -> Self {
        let place = |name: &str| CATALOGUE.iter().position(|spec| spec.name == name);
        Self {
            card,
            columns: card.inputs.iter().map(|input| place(&input.name)).collect(),
            of_buyers: OfBuyers::new(),
        }
    }

    /// How many there are.
    pub fn width(&self) -> usize {
        self.columns.len()
    }

    /// The place of one by its name.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.card.inputs.iter().position(|input| input.name == name)
    }

    /// One of them, of a row with a value for each feature of the catalogue; NaN where it is missing.
    pub fn at(&self, input: usize, row: &[f32]) -> f32 {
        if let Some(column) = self.columns[input] {
            return row[column];
        }
        let name = &self.card.inputs[input].name;
        let value = self
            .card
            .value(name, |feature| self.of_buyers.value(row, feature));
        value.map_or(f32::NAN, |value| value as f32)
    }

    /// All of them, in the model's order.
    pub fn row(&self, row: &[f32]) -> impl Iterator<Item = f32> {
        (0..self.width()).map(move |input| self.at(input, row))
    }
}
