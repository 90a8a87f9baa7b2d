//! A small neural net over a table with gaps: two hidden layers of rectified units, grown by Adam on log loss, stopped by rows that it
//! does not see, averaged over seeds. Deterministic: the same rows and seeds give the same weights.
//!
//! A candidate: the bench measures it alone and beside the boosting; `docs/decisions/neural.md` says what came of it.

use copilot_learning::boosting::log_loss;
use copilot_learning::linear::Reading;
use copilot_learning::random::Random;
use copilot_learning::table::{Part, Table};

/// How a net is grown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Settings {
    /// Units of the first hidden layer.
    pub(crate) first: usize,
    /// Units of the second.
    pub(crate) second: usize,
    /// Length of a step.
    pub(crate) rate: f64,
    /// Part of a weight that a step takes away, times its length.
    pub(crate) decay: f64,
    /// Rows of a step.
    pub(crate) batch: usize,
    /// Passes over the rows at the most.
    pub(crate) passes: usize,
    /// Passes without betterment after which it ends.
    pub(crate) patience: usize,
    /// Nets that are averaged.
    pub(crate) seeds: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            first: 32,
            second: 16,
            rate: 1e-3,
            decay: 1e-2,
            batch: 128,
            passes: 100,
            patience: 8,
            seeds: 3,
        }
    }
}

/// Weights of a layer, unit by unit, with its offsets.
#[derive(Debug, Clone, PartialEq)]
struct Layer {
    weights: Vec<f64>,
    offsets: Vec<f64>,
}

impl Layer {
    fn drawn(inputs: usize, units: usize, random: &mut Random) -> Self {
        let scale = (2.0 / inputs.max(1) as f64).sqrt();
        Self {
            weights: (0..inputs * units).map(|_| random.normal() * scale).collect(),
            offsets: vec![0.0; units],
        }
    }

    fn nought(&self) -> Self {
        Self {
            weights: vec![0.0; self.weights.len()],
            offsets: vec![0.0; self.offsets.len()],
        }
    }

    fn run(&self, input: &[f64], is_rectified: bool, out: &mut Vec<f64>) {
        out.clear();
        for (weights, offset) in self.weights.chunks(input.len()).zip(&self.offsets) {
            let sum = offset + weights.iter().zip(input).map(|(w, x)| w * x).sum::<f64>();
            out.push(if is_rectified { sum.max(0.0) } else { sum });
        }
    }

    /// Adds the gradient of a row, and writes what goes back to the layer before.
    fn back(&self, input: &[f64], out: &[f64], gradient: &mut Self, before: &mut Vec<f64>) {
        before.clear();
        before.resize(input.len(), 0.0);
        let width = input.len();
        for (unit, slope) in out.iter().enumerate() {
            if *slope == 0.0 {
                continue;
            }
            gradient.offsets[unit] += slope;
            let row = unit * width..(unit + 1) * width;
            let (weights, sums) = (&self.weights[row.clone()], &mut gradient.weights[row]);
            for ((sum, back), (weight, x)) in sums
                .iter_mut()
                .zip(before.iter_mut())
                .zip(weights.iter().zip(input))
            {
                *sum += slope * x;
                *back += slope * weight;
            }
        }
    }
}

/// Adam's two means of one list of weights (Kingma and Ba, 2015), with the decay beside them (Loshchilov and Hutter, 2019).
struct Means {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Means {
    fn of(length: usize) -> Self {
        Self {
            first: vec![0.0; length],
            second: vec![0.0; length],
        }
    }

    fn step(&mut self, weights: &mut [f64], gradient: &[f64], step: i32, (rate, decay): (f64, f64)) {
        let (b1, b2) = (0.9_f64, 0.999_f64);
        let (c1, c2) = (1.0 - b1.powi(step), 1.0 - b2.powi(step));
        for (at, g) in gradient.iter().enumerate() {
            self.first[at] = b1 * self.first[at] + (1.0 - b1) * g;
            self.second[at] = b2 * self.second[at] + (1.0 - b2) * g * g;
            let (mean, square) = (self.first[at] / c1, self.second[at] / c2);
            weights[at] -= rate * (mean / (square.sqrt() + 1e-8) + decay * weights[at]);
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Net {
    layers: [Layer; 3],
}

/// What the layers of a net give for a row.
#[derive(Default)]
struct Pass {
    first: Vec<f64>,
    second: Vec<f64>,
    last: Vec<f64>,
}

impl Net {
    fn run(&self, input: &[f64], pass: &mut Pass) -> f64 {
        self.layers[0].run(input, true, &mut pass.first);
        self.layers[1].run(&pass.first, true, &mut pass.second);
        self.layers[2].run(&pass.second, false, &mut pass.last);
        pass.last[0]
    }

    fn margins(&self, rows: &[Vec<f64>]) -> Vec<f64> {
        let mut pass = Pass::default();
        rows.iter().map(|row| self.run(row, &mut pass)).collect()
    }
}

/// Rows as nets read them, with what happened and what they count.
struct Rows {
    read: Vec<Vec<f64>>,
    labels: Vec<f64>,
    weights: Vec<f64>,
}

impl Rows {
    fn of(reading: &Reading, table: &Table, labels: &[f64], part: &Part) -> Self {
        Self {
            read: part.rows.iter().map(|row| reading.row(table.row(*row))).collect(),
            labels: part.pick(labels),
            weights: part.weights(),
        }
    }
}

fn grown(learn: &Rows, stop: &Rows, settings: &Settings, seed: u64) -> Net {
    let mut random = Random::new(seed);
    let width = learn.read.first().map_or(1, Vec::len);
    let mut net = Net {
        layers: [
            Layer::drawn(width, settings.first, &mut random),
            Layer::drawn(settings.first, settings.second, &mut random),
            Layer::drawn(settings.second, 1, &mut random),
        ],
    };
    let mut means: Vec<(Means, Means)> = net
        .layers
        .iter()
        .map(|layer| (Means::of(layer.weights.len()), Means::of(layer.offsets.len())))
        .collect();
    let loss = |net: &Net| log_loss(&net.margins(&stop.read), &stop.labels, &stop.weights);
    let mut best = (loss(&net), net.clone());
    let mean_weight = learn.weights.iter().sum::<f64>() / learn.weights.len().max(1) as f64;
    let mut order: Vec<usize> = (0..learn.read.len()).collect();
    let (mut pass, mut steps, mut without) = (Pass::default(), 0, 0);
    let (mut after_second, mut after_first, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..settings.passes {
        for at in (1..order.len()).rev() {
            order.swap(at, (random.bits() % (at as u64 + 1)) as usize);
        }
        for batch in order.chunks(settings.batch.max(1)) {
            let mut gradients = net.layers.clone().map(|layer| layer.nought());
            for row in batch {
                let input = &learn.read[*row];
                let margin = net.run(input, &mut pass);
                let said = 1.0 / (1.0 + (-margin).exp());
                let count = learn.weights[*row] / mean_weight / batch.len() as f64;
                let slope = [(said - learn.labels[*row]) * count];
                net.layers[2].back(&pass.second, &slope, &mut gradients[2], &mut after_second);
                rectify(&mut after_second, &pass.second);
                net.layers[1].back(&pass.first, &after_second, &mut gradients[1], &mut after_first);
                rectify(&mut after_first, &pass.first);
                net.layers[0].back(input, &after_first, &mut gradients[0], &mut rest);
            }
            steps += 1;
            for ((layer, gradient), (weights, offsets)) in
                net.layers.iter_mut().zip(&gradients).zip(&mut means)
            {
                weights.step(
                    &mut layer.weights,
                    &gradient.weights,
                    steps,
                    (settings.rate, settings.decay),
                );
                offsets.step(&mut layer.offsets, &gradient.offsets, steps, (settings.rate, 0.0));
            }
        }
        let found = loss(&net);
        if found < best.0 {
            best = (found, net.clone());
            without = 0;
        } else {
            without += 1;
            if without >= settings.patience {
                break;
            }
        }
    }
    best.1
}

/// A unit that gave nothing takes nothing back.
fn rectify(slopes: &mut [f64], out: &[f64]) {
    for (slope, out) in slopes.iter_mut().zip(out) {
        if *out <= 0.0 {
            *slope = 0.0;
        }
    }
}

/// Nets of several seeds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Neural {
    reading: Reading,
    nets: Vec<Net>,
}

impl Neural {
    /// Grows nets on rows, stopped by others.
    pub(crate) fn grow(
        table: &Table,
        labels: &[f64],
        (learn, stop): (&Part, &Part),
        settings: &Settings,
    ) -> Self {
        let reading = Reading::of(table, learn);
        let rows = |part: &Part| Rows::of(&reading, table, labels, part);
        let (learn, stop) = (rows(learn), rows(stop));
        let nets = (0..settings.seeds.max(1))
            .map(|seed| grown(&learn, &stop, settings, seed))
            .collect();
        Self { reading, nets }
    }

    /// The margin of each row of a part: the mean over the seeds.
    pub(crate) fn margins(&self, table: &Table, part: &Part) -> Vec<f64> {
        let rows: Vec<Vec<f64>> = part
            .rows
            .iter()
            .map(|row| self.reading.row(table.row(*row)))
            .collect();
        let mut sums = vec![0.0; rows.len()];
        for net in &self.nets {
            for (sum, margin) in sums.iter_mut().zip(net.margins(&rows)) {
                *sum += margin / self.nets.len() as f64;
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outcome is an exclusive or of two signs, which no line tells.
    fn crossed(rows: usize) -> (Table, Vec<f64>) {
        let mut random = Random::new(4);
        let (mut values, mut labels) = (Vec::new(), Vec::new());
        for _ in 0..rows {
            let (a, b) = (random.normal(), random.normal());
            values.extend([a as f32, if random.unit() < 0.1 { f32::NAN } else { b as f32 }]);
            labels.push(f64::from(u8::from((a > 0.0) != (b > 0.0))));
        }
        (Table::new(values, 2).unwrap(), labels)
    }

    #[test]
    fn a_net_tells_what_no_line_does_and_the_same_rows_give_the_same_net() {
        let (table, labels) = crossed(1_200);
        let part = |rows: std::ops::Range<usize>| Part::of(rows.collect());
        let parts = (&part(0..800), &part(800..1_000));
        let settings = Settings {
            rate: 1e-2,
            seeds: 2,
            ..Settings::default()
        };
        let net = Neural::grow(&table, &labels, parts, &settings);
        let test = part(1_000..1_200);
        let margins = net.margins(&table, &test);
        let right = margins
            .iter()
            .zip(&test.rows)
            .filter(|(m, row)| (**m > 0.0) == (labels[**row] > 0.5))
            .count();
        assert!(right > 160, "{right} of 200");
        assert_eq!(net, Neural::grow(&table, &labels, parts, &settings));
    }
}
