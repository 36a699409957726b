//! Countries of telephone numbers, as far as choosing a sender and showing a number need them: ITU-T E.164
//! country codes and the North American area codes outside of the United States.

/// Codes of one or two digits; all others have three.
const SHORT: &[&str] = &[
    "1", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
    "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64",
    "65", "66", "7", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// Area codes of Canada.
const CANADA: &[u16] = &[
    204, 226, 236, 249, 250, 257, 263, 289, 306, 343, 354, 365, 367, 368, 382, 403, 416, 418, 428,
    431, 437, 438, 450, 460, 468, 474, 506, 514, 519, 537, 548, 568, 579, 581, 584, 587, 604, 613,
    639, 647, 672, 683, 705, 709, 742, 753, 778, 780, 782, 807, 819, 825, 867, 873, 879, 902, 905,
    942,
];

/// Islands with the code 1, each with the ISO code of its country.
const ISLANDS: &[(u16, &str)] = &[
    (242, "BS"),
    (246, "BB"),
    (264, "AI"),
    (268, "AG"),
    (284, "VG"),
    (340, "VI"),
    (345, "KY"),
    (441, "BM"),
    (473, "GD"),
    (649, "TC"),
    (658, "JM"),
    (664, "MS"),
    (670, "MP"),
    (671, "GU"),
    (684, "AS"),
    (721, "SX"),
    (758, "LC"),
    (767, "DM"),
    (784, "VC"),
    (787, "PR"),
    (809, "DO"),
    (829, "DO"),
    (849, "DO"),
    (868, "TT"),
    (869, "KN"),
    (876, "JM"),
    (939, "PR"),
];

/// Codes that belong to one country only.
const COUNTRIES: &[(&str, &str)] = &[
    ("20", "EG"),
    ("27", "ZA"),
    ("30", "GR"),
    ("31", "NL"),
    ("32", "BE"),
    ("33", "FR"),
    ("34", "ES"),
    ("36", "HU"),
    ("39", "IT"),
    ("40", "RO"),
    ("41", "CH"),
    ("43", "AT"),
    ("44", "GB"),
    ("45", "DK"),
    ("46", "SE"),
    ("47", "NO"),
    ("48", "PL"),
    ("49", "DE"),
    ("51", "PE"),
    ("52", "MX"),
    ("54", "AR"),
    ("55", "BR"),
    ("56", "CL"),
    ("57", "CO"),
    ("58", "VE"),
    ("60", "MY"),
    ("61", "AU"),
    ("62", "ID"),
    ("63", "PH"),
    ("64", "NZ"),
    ("65", "SG"),
    ("66", "TH"),
    ("81", "JP"),
    ("82", "KR"),
    ("84", "VN"),
    ("86", "CN"),
    ("90", "TR"),
    ("91", "IN"),
    ("92", "PK"),
    ("94", "LK"),
    ("234", "NG"),
    ("236", "CF"),
    ("254", "KE"),
    ("351", "PT"),
    ("352", "LU"),
    ("353", "IE"),
    ("354", "IS"),
    ("357", "CY"),
    ("358", "FI"),
    ("359", "BG"),
    ("370", "LT"),
    ("371", "LV"),
    ("372", "EE"),
    ("375", "BY"),
    ("380", "UA"),
    ("381", "RS"),
    ("385", "HR"),
    ("386", "SI"),
    ("420", "CZ"),
    ("421", "SK"),
    ("852", "HK"),
    ("880", "BD"),
    ("886", "TW"),
    ("965", "KW"),
    ("966", "SA"),
    ("971", "AE"),
    ("972", "IL"),
    ("973", "BH"),
    ("974", "QA"),
    ("977", "NP"),
    ("995", "GE"),
    ("212", "MA"),
    ("213", "DZ"),
    ("216", "TN"),
    ("233", "GH"),
    ("255", "TZ"),
    ("256", "UG"),
    ("503", "SV"),
    ("502", "GT"),
    ("505", "NI"),
    ("506", "CR"),
    ("507", "PA"),
    ("591", "BO"),
    ("593", "EC"),
    ("595", "PY"),
    ("598", "UY"),
    ("962", "JO"),
    ("968", "OM"),
];

/// Whose an area code is, by its number: 0 the United States', 1 Canada's, else an island's and two.
static AREAS: [u8; 1000] = areas();

#[expect(clippy::cast_possible_truncation, reason = "there are fewer islands than bytes")]
const fn areas() -> [u8; 1000] {
    let mut areas = [0; 1000];
    let mut at = 0;
    while at < CANADA.len() {
        areas[CANADA[at] as usize] = 1;
        at += 1;
    }
    let mut at = 0;
    while at < ISLANDS.len() {
        areas[ISLANDS[at].0 as usize] = at as u8 + 2;
        at += 1;
    }
    areas
}

/// The country of a North American area code. A toll-free one counts as the United States'.
pub(super) fn of_area(area: u16) -> &'static str {
    match usize::from(AREAS.get(usize::from(area)).copied().unwrap_or_default()) {
        0 => "US",
        1 => "CA",
        island => ISLANDS.get(island - 2).map_or("US", |(_, country)| *country),
    }
}

/// Whether a country has the code 1.
pub(super) fn is_north_american(country: &str) -> bool {
    ["US", "CA"].contains(&country) || ISLANDS.iter().any(|(_, island)| *island == country)
}

/// The area code of a North American number.
pub(super) fn area(number: &str) -> Option<u16> {
    let digits = number.strip_prefix("+1")?.as_bytes().first_chunk::<3>()?;
    let mut area = 0;
    for digit in digits {
        area = area * 10 + u16::from(digit.checked_sub(b'0').filter(|digit| *digit < 10)?);
    }
    Some(area)
}

/// The ISO code of the country of a number in E.164, where it is known.
pub fn country_of(number: &str) -> Option<&'static str> {
    match calling_code(number)? {
        "1" => area(number).map(of_area),
        code => COUNTRIES.iter().find(|(known, _)| *known == code).map(|(_, country)| *country),
    }
}

/// The calling code of a number in E.164, without the `+`.
pub fn calling_code(number: &str) -> Option<&str> {
    let digits = number.strip_prefix('+')?;
    let short = [1, 2].into_iter().filter_map(|length| digits.get(..length));
    short.into_iter().find(|code| SHORT.contains(code)).or_else(|| digits.get(..3))
}

/// Whether an address in normal form is a telephone number.
pub fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_tell_their_country() {
        for (number, country) in [
            ("+14155550100", Some("US")),
            ("+14165550100", Some("CA")),
            ("+18765550100", Some("JM")),
            ("+12425550100", Some("BS")),
            ("+19395550100", Some("PR")),
            ("+18005550100", Some("US")),
            ("+4915123456789", Some("DE")),
            ("+358401234567", Some("FI")),
            ("+442071838750", Some("GB")),
            ("+79161234567", None),
            ("+1", None),
            ("12345", None),
        ] {
            assert_eq!(country_of(number), country, "{number}");
        }
        assert_eq!(calling_code("+79161234567"), Some("7"));
        assert_eq!(calling_code("+212600000000"), Some("212"));
    }

    #[test]
    fn every_country_stands_once_under_a_code_that_is_read_whole() {
        let codes: std::collections::BTreeSet<&str> =
            COUNTRIES.iter().map(|(code, _)| *code).collect();
        assert_eq!(codes.len(), COUNTRIES.len());
        for code in codes {
            assert_eq!(calling_code(&format!("+{code}5550100")), Some(code));
        }
    }
}
