//! Contributions of a model's inputs as the reasons of a prediction: the strongest by name, the rest in one.

use copilot_domain::prediction::{Factor, Push};

use crate::text::format_value;

/// Reasons shown by name with a prediction; the rest are summed into one, so that all add up.
pub(crate) const SHOWN: usize = 5;

/// What one input of a model adds to the log-odds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part<'a> {
    /// Name of the feature.
    pub name: &'a str,
    /// Its value; `None` where it is missing.
    pub value: Option<f64>,
    /// The middle value over the accounts that the model was trained on.
    pub usual: Option<f64>,
    /// Log-odds that it adds.
    pub contribution: f64,
    /// What is said of a missing value.
    pub gap: &'static str,
}

/// The reasons, the strongest first; ties by name. Their contributions sum to those of the parts.
pub(crate) fn factors<'a>(parts: impl Iterator<Item = Part<'a>>) -> Vec<Factor> {
    let mut all: Vec<Factor> = parts.map(|part| factor(&part)).collect();
    all.sort_by(|a, b| {
        let by_size = b.contribution.abs().total_cmp(&a.contribution.abs());
        by_size.then_with(|| a.name.cmp(&b.name))
    });
    let rest = all.split_off(SHOWN.min(all.len()));
    if !rest.is_empty() {
        let contribution = rest.iter().map(|f| f.contribution).sum();
        all.push(Factor {
            name: "others".to_owned(),
            text: format!("{} further inputs together", rest.len()),
            value: None,
            contribution,
            direction: push(contribution),
            usual: None,
        });
    }
    all
}

fn push(contribution: f64) -> Push {
    if contribution > 0.0 {
        Push::Raises
    } else {
        Push::Lowers
    }
}

fn factor(part: &Part<'_>) -> Factor {
    let spec = copilot_features::input_spec(part.name);
    let text = spec.map_or(part.name, |spec| spec.text);
    let form = |value: f64| format_value(value, spec.map_or("n2", |spec| form_of(spec.unit, value)));
    let text = match (part.value, part.usual) {
        (None, _) => format!("{text}{}", part.gap),
        (Some(value), Some(usual)) => format!("{text}: {}, usual is {}", form(value), form(usual)),
        (Some(_), None) => text.to_owned(),
    };
    Factor {
        name: part.name.to_owned(),
        text,
        value: part.value,
        contribution: part.contribution,
        direction: push(part.contribution),
        usual: part.usual,
    }
}

/// A feature in words with its value on two days.
pub(crate) fn said(name: &str, then: Option<f64>, now: Option<f64>) -> String {
    let spec = copilot_features::input_spec(name);
    let form = |value: Option<f64>| {
        value.map_or_else(
            || "not known".to_owned(),
            |value| format_value(value, spec.map_or("n2", |spec| form_of(spec.unit, value))),
        )
    };
    let text = spec.map_or(name, |spec| spec.text);
    format!("{text}: {} → {}", form(then), form(now))
}

/// How a value of a unit is written.
fn form_of(unit: &str, value: f64) -> &'static str {
    match unit {
        "flag" => "yes",
        "share" => "pct",
        _ if value.fract() == 0.0 => "int",
        _ => "n1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, contribution: f64) -> Part<'_> {
        Part {
            name,
            value: Some(0.25),
            usual: Some(0.5),
            contribution,
            gap: " (not known)",
        }
    }

    #[test]
    fn the_strongest_stand_by_name_and_the_rest_keeps_the_sum() {
        let names = ["a", "b", "c", "d", "e", "f", "dau_mau"];
        let given = [0.1, -0.2, 0.3, -0.4, 0.5, 0.05, -0.9];
        let all = factors(names.iter().zip(given).map(|(name, c)| part(name, c)));
        let shown: Vec<&str> = all.iter().map(|f| f.name.as_str()).collect();
        assert_eq!(shown, ["dau_mau", "e", "d", "c", "b", "others"]);
        let sum: f64 = all.iter().map(|f| f.contribution).sum();
        assert!((sum - given.iter().sum::<f64>()).abs() < 1e-12);
        assert!(all[0].text.ends_with("25 %, usual is 50 %"), "{}", all[0].text);
        assert_eq!(all[0].direction, Push::Lowers);
    }

    #[test]
    fn a_missing_value_is_said_to_be_missing() {
        let gone = Part {
            value: None,
            ..part("dau_mau", 0.1)
        };
        assert!(factors([gone].into_iter())[0].text.ends_with("(not known)"));
    }
}
