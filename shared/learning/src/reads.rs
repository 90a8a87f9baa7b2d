//! A model's inputs out of rows of the catalogue's features.

use copilot_features::place;
use copilot_scoring::learnt_card::LearntCard;

use crate::examples::value_in;

/// Where the inputs of a model stand in such a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Reads<'a> {
    card: &'a LearntCard,
    /// `None`: no feature, but told from features by the card; or unknown by now.
    columns: Vec<Option<usize>>,
}

impl<'a> Reads<'a> {
    /// The inputs of a card.
    pub fn of(card: &'a LearntCard) -> Self {
        Self {
            card,
            columns: card.inputs.iter().map(|input| place(&input.name)).collect(),
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
        let value = self.card.value(name, |feature| value_in(row, feature));
        value.map_or(f32::NAN, |value| value as f32)
    }

    /// All of them, in the model's order.
    pub fn row(&self, row: &[f32]) -> impl Iterator<Item = f32> {
        (0..self.width()).map(move |input| self.at(input, row))
    }
}
