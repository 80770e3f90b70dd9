//! Formats numbers for labels.

/// Formats a number with a comma between groups of three digits: `10,000`.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    #[test]
    fn grouped_inserts_commas_between_thousands() {
        let grouped = [7, 100, 1_000, 20_000, 1_234_567].map(super::grouped);
        assert_eq!(grouped, ["7", "100", "1,000", "20,000", "1,234,567"]);
    }
}
