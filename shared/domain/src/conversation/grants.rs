//! Permissions as sets: what roles grant, and what is needed (rules B.6, F.2).

use super::role::Permission;

/// Permissions, as a set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants(u32);

impl Grants {
    /// What both grant.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one of these is granted.
    pub fn any(self, of: &[Permission]) -> bool {
        of.iter().any(|one| self.0 & bit(*one) != 0)
    }

    /// Whether of each of these sets one is granted.
    pub fn meet(self, needs: &Needs) -> bool {
        needs.0.iter().all(|any| self.any(any))
    }
}

const fn bit(one: Permission) -> u32 {
    1 << one as u32
}

impl FromIterator<Permission> for Grants {
    fn from_iter<I: IntoIterator<Item = Permission>>(all: I) -> Self {
        Self(all.into_iter().fold(0, |bits, one| bits | bit(one)))
    }
}

/// What is needed: of each of these sets one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs(Vec<&'static [Permission]>);

impl Needs {
    /// Of each of these sets one.
    pub const fn of(all: Vec<&'static [Permission]>) -> Self {
        Self(all)
    }

    /// Whether nothing is needed.
    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn a_set_of_permissions_has_room_for_all() {
        for one in Permission::VARIANTS {
            let alone: Grants = [*one].into_iter().collect();
            for other in Permission::VARIANTS {
                assert_eq!(alone.any(&[*other]), one == other);
            }
        }
    }
}
