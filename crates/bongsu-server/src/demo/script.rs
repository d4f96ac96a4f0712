//! Who said what to whom: the demo's conversations, endless and believable.

use super::chance::Chance;
use super::words::{DAYS, Language, PLACES, PRODUCTS, Product, Side, TALKS, TIMES};

/// A conversation about one product; yields lines for ever.
#[derive(Debug)]
pub(super) struct Script {
    product: &'static Product,
    talk: &'static [(Side, &'static str)],
    line: usize,
    chance: Chance,
}

impl Script {
    /// A conversation about the product of number `product`, the same for the same seed.
    pub(super) fn about(product: usize, seed: u64) -> Self {
        let product = &PRODUCTS[product % PRODUCTS.len()];
        // The first talk of a language is the one in which people meet.
        let talk =
            TALKS.iter().find(|(language, _)| *language == product.language).expect("a talk a language").1;
        Self { product, talk, line: 0, chance: Chance::seeded(seed) }
    }

    /// The next line and who says it.
    pub(super) fn next_line(&mut self) -> (Side, String) {
        if self.line == self.talk.len() {
            let talks: Vec<_> =
                TALKS.iter().filter(|(language, _)| *language == self.product.language).collect();
            self.talk = self.chance.pick(&talks).1;
            self.line = 0;
        }
        let (side, text) = self.talk[self.line];
        self.line += 1;
        (side, self.fill(text))
    }

    fn fill(&mut self, text: &str) -> String {
        let language = self.product.language;
        let mut one_of = |words: &[(Language, &'static str)]| {
            let words: Vec<_> = words.iter().filter(|(of, _)| *of == language).collect();
            self.chance.pick(&words).1
        };
        let (day, place, time) = (one_of(&DAYS), one_of(&PLACES), one_of(&TIMES));
        text.replace("{item}", self.product.title)
            .replace("{price}", &price_text(self.product))
            .replace("{day}", day)
            .replace("{place}", place)
            .replace("{time}", time)
    }
}

/// The price as people write it.
pub(super) fn price_text(product: &Product) -> String {
    match product.language {
        Language::Korean => {
            let thousands = product.price / 1_000;
            format!("{thousands},{:03}", product.price % 1_000)
        }
        Language::English => format!("${}", product.price),
    }
}

/// The listing as `room.data`.
pub(super) fn listing(product: &Product, number: usize) -> String {
    let currency = match product.language {
        Language::Korean => "KRW",
        Language::English => "USD",
    };
    serde_json::json!({
        "listing": {
            "id": format!("L-{number:04}"),
            "title": product.title,
            "price": product.price,
            "currency": currency,
            "per": "day",
            "emoji": product.emoji,
        }
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_goes_on_for_ever_and_leaves_no_gap_to_fill() {
        for product in 0..PRODUCTS.len() {
            let mut script = Script::about(product, product as u64);
            for _ in 0..200 {
                let (_, text) = script.next_line();
                assert!(!text.contains('{') && !text.is_empty(), "{text}");
            }
        }
    }

    #[test]
    fn prices_are_written_as_people_write_them() {
        assert_eq!(price_text(&PRODUCTS[0]), "25,000");
        assert_eq!(price_text(&PRODUCTS[12]), "$18");
    }
}
