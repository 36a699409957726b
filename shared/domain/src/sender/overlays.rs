//! Area codes that serve one region together (rule E.2): the overlays of the North American Numbering Plan, as its
//! administrator lists them. Where a code lies over several regions, each has a row.

/// The area codes of each region that has more than one.
const REGIONS: &[&[u16]] = &[
    // Alabama, Arizona, Arkansas
    &[205, 659],
    &[256, 938],
    &[334, 483],
    &[480, 602, 623],
    &[327, 870],
    // California
    &[209, 350],
    &[213, 323, 738],
    &[279, 916],
    &[310, 424],
    &[341, 510],
    &[369, 707],
    &[408, 669],
    &[415, 628],
    &[442, 760],
    &[530, 837],
    &[619, 858],
    &[657, 714],
    &[747, 818],
    &[805, 820],
    &[840, 909],
    // Colorado, Connecticut, the capital
    &[303, 720, 983],
    &[748, 970],
    &[203, 475],
    &[860, 959],
    &[202, 771],
    // Florida, Georgia
    &[305, 645, 786],
    &[321, 407, 689],
    &[448, 850],
    &[561, 728],
    &[656, 813],
    &[754, 954],
    &[324, 904],
    &[404, 470, 678, 943],
    &[470, 678, 770, 943],
    &[706, 762],
    // Idaho, Illinois, Indiana, Kentucky, Louisiana
    &[208, 986],
    &[217, 447],
    &[224, 847],
    &[309, 861],
    &[312, 773, 872],
    &[331, 630],
    &[464, 708],
    &[618, 730],
    &[779, 815],
    &[317, 463],
    &[812, 930],
    &[270, 364],
    &[318, 457],
    // Maryland, Massachusetts, Michigan, Minnesota, Mississippi, Missouri, Nebraska, Nevada
    &[227, 240, 301],
    &[410, 443, 667],
    &[339, 781],
    &[351, 978],
    &[508, 774],
    &[617, 857],
    &[248, 947],
    &[313, 679],
    &[507, 924],
    &[601, 769],
    &[314, 557],
    &[235, 573],
    &[816, 975],
    &[402, 531],
    &[702, 725],
    // New Jersey, New York
    &[201, 551],
    &[609, 640],
    &[732, 848],
    &[862, 973],
    &[212, 332, 646, 917],
    &[347, 718, 917, 929],
    &[315, 680],
    &[363, 516],
    &[518, 838],
    &[624, 716],
    &[631, 934],
    &[329, 845],
    // The Carolinas, Ohio, Oklahoma, Oregon
    &[704, 980],
    &[336, 743],
    &[919, 984],
    &[472, 910],
    &[803, 839],
    &[843, 854],
    &[821, 864],
    &[234, 330],
    &[419, 567],
    &[436, 440],
    &[283, 513],
    &[380, 614],
    &[220, 740],
    &[326, 937],
    &[405, 572],
    &[539, 918],
    &[503, 971],
    &[458, 541],
    // Pennsylvania, Tennessee
    &[215, 267, 445],
    &[484, 610, 835],
    &[412, 878],
    &[724, 878],
    &[272, 570],
    &[223, 717],
    &[582, 814],
    &[615, 629],
    // Texas, Utah, Virginia, Washington, West Virginia, Wisconsin
    &[214, 469, 945, 972],
    &[281, 346, 621, 713, 832],
    &[210, 726],
    &[512, 737],
    &[682, 817],
    &[430, 903],
    &[385, 801],
    &[571, 703],
    &[686, 804],
    &[757, 948],
    &[540, 826],
    &[206, 564],
    &[253, 564],
    &[360, 564],
    &[425, 564],
    &[304, 681],
    &[353, 608],
    &[534, 715],
    &[274, 920],
    // Canada
    &[204, 431, 584],
    &[226, 382, 519, 548],
    &[236, 250, 257, 604, 672, 778],
    &[249, 683, 705],
    &[289, 365, 742, 905],
    &[306, 474, 639],
    &[343, 613, 753],
    &[354, 450, 579],
    &[367, 418, 581],
    &[368, 403, 587, 825],
    &[368, 587, 780, 825],
    &[416, 437, 647, 942],
    &[428, 506],
    &[263, 438, 514],
    &[468, 819, 873],
    &[782, 902],
    &[709, 879],
];

/// A set of area codes.
#[derive(Debug, Clone, Default)]
pub(super) struct Areas([u64; 16]);

impl Areas {
    /// The area codes that serve a region which this one serves too.
    pub(super) fn beside(area: u16) -> Self {
        let mut areas = Self::default();
        for region in REGIONS.iter().filter(|region| region.contains(&area)) {
            for other in region.iter().filter(|other| **other != area) {
                areas.0[usize::from(other / 64)] |= 1 << (other % 64);
            }
        }
        areas
    }

    pub(super) fn contain(&self, area: u16) -> bool {
        self.0.get(usize::from(area / 64)).is_some_and(|word| word & (1 << (area % 64)) != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::country::of_area;
    use super::*;

    #[test]
    fn a_region_is_in_one_country_and_has_several_codes() {
        for region in REGIONS {
            assert!(region.len() > 1 && region.is_sorted(), "{region:?}");
            assert!(region.iter().all(|area| of_area(*area) == of_area(region[0])), "{region:?}");
        }
    }

    #[test]
    fn codes_of_one_region_are_beside_each_other_and_no_others() {
        for (area, other, expected) in [
            (212, 646, true),
            (212, 718, false),
            (917, 212, true),
            (917, 718, true),
            (415, 628, true),
            (415, 415, false),
            (415, 510, false),
            (780, 403, false),
            (587, 403, true),
            (907, 907, false),
        ] {
            assert_eq!(Areas::beside(area).contain(other), expected, "{area} {other}");
            assert_eq!(Areas::beside(other).contain(area), expected, "{other} {area}");
        }
    }
}
