//! Numbers of `calculate`: exact decimals as long as they fit, floating point beyond, and a sentence where there is no
//! number.

use std::str::FromStr;

use rust_decimal::{
    Decimal, MathematicalOps, RoundingStrategy, prelude::FromPrimitive, prelude::ToPrimitive,
};

/// A number, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Amount {
    /// Exact, or rounded at the 28th digit.
    Exact(Decimal),
    /// Too large, too small or too irrational for that: about 15 digits are right.
    Rough(f64),
    /// No number.
    Wrong(&'static str),
}

impl Default for Amount {
    fn default() -> Self {
        Self::Exact(Decimal::ZERO)
    }
}

impl FromStr for Amount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let exact = if text.contains(['e', 'E']) {
            Decimal::from_scientific(text).ok()
        } else {
            Decimal::from_str_exact(text).ok()
        };
        match exact {
            Some(exact) => Ok(Self::Exact(exact)),
            None => text.parse().map(Self::rough).map_err(|_| format!("`{text}` is not a number")),
        }
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(number) => number.normalize().fmt(f),
            Self::Rough(number) if (1e-5..1e16).contains(&number.abs()) => write!(f, "about {number}"),
            Self::Rough(number) => write!(f, "about {number:e}"),
            Self::Wrong(why) => f.write_str(why),
        }
    }
}

impl Amount {
    fn rough(number: f64) -> Self {
        if number.is_nan() {
            Self::Wrong("the result is not a number")
        } else if number.is_infinite() {
            Self::Wrong("the result is too large")
        } else {
            Self::Rough(number)
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Exact(number) => number.to_f64().unwrap_or(f64::NAN),
            Self::Rough(number) => number,
            Self::Wrong(_) => f64::NAN,
        }
    }

    /// Exactly where both are exact and the result fits; in floating point otherwise.
    fn both(
        self,
        other: Self,
        exact: fn(Decimal, Decimal) -> Option<Decimal>,
        rough: fn(f64, f64) -> f64,
    ) -> Self {
        match (self, other) {
            (Self::Wrong(why), _) | (_, Self::Wrong(why)) => Self::Wrong(why),
            (Self::Exact(one), Self::Exact(two)) => match exact(one, two) {
                Some(result) => Self::Exact(result),
                None => Self::rough(rough(self.float(), other.float())),
            },
            _ => Self::rough(rough(self.float(), other.float())),
        }
    }

    fn one(self, exact: fn(Decimal) -> Option<Decimal>, rough: fn(f64) -> f64) -> Self {
        match self {
            Self::Wrong(why) => Self::Wrong(why),
            Self::Exact(number) => {
                exact(number).map_or_else(|| Self::rough(rough(self.float())), Self::Exact)
            }
            Self::Rough(number) => Self::rough(rough(number)),
        }
    }

    fn is_zero(self) -> bool {
        matches!(self, Self::Exact(number) if number.is_zero())
            || matches!(self, Self::Rough(number) if number == 0.0)
    }

    pub(super) fn add(self, other: Self) -> Self {
        self.both(other, Decimal::checked_add, |one, two| one + two)
    }

    pub(super) fn subtract(self, other: Self) -> Self {
        self.both(other, Decimal::checked_sub, |one, two| one - two)
    }

    pub(super) fn multiply(self, other: Self) -> Self {
        // A product of small numbers that vanishes is not zero.
        let exact = |one: Decimal, two: Decimal| {
            one.checked_mul(two).filter(|product| !product.is_zero() || one.is_zero() || two.is_zero())
        };
        self.both(other, exact, |one, two| one * two)
    }

    pub(super) fn divide(self, other: Self) -> Self {
        if other.is_zero() {
            return Self::Wrong("division by zero");
        }
        self.both(other, Decimal::checked_div, |one, two| one / two)
    }

    pub(super) fn remainder(self, other: Self) -> Self {
        if other.is_zero() {
            return Self::Wrong("division by zero");
        }
        self.both(other, Decimal::checked_rem, |one, two| one % two)
    }

    pub(super) fn power(self, other: Self) -> Self {
        if self.is_zero() && other.float() < 0.0 {
            return Self::Wrong("division by zero");
        }
        // Only whole exponents are exact, and only small ones are worth trying.
        let exact = |base: Decimal, exponent: Decimal| {
            let whole = exponent.to_i64().filter(|whole| Decimal::from(*whole) == exponent)?;
            let result = (-1_000..=1_000).contains(&whole).then(|| base.checked_powi(whole)).flatten()?;
            (!result.is_zero() || base.is_zero()).then_some(result)
        };
        self.both(other, exact, f64::powf)
    }

    pub(super) fn least(self, other: Self) -> Self {
        self.both(other, |one, two| Some(one.min(two)), f64::min)
    }

    pub(super) fn greatest(self, other: Self) -> Self {
        self.both(other, |one, two| Some(one.max(two)), f64::max)
    }

    /// Rounded to a number of decimal places, halves away from zero as people do it.
    pub(super) fn rounded(self, places: Self) -> Self {
        let places = match places {
            Self::Exact(places) => {
                places.to_u32().filter(|whole| Decimal::from(*whole) == places && *whole <= 28)
            }
            _ => None,
        };
        let Some(places) = places else {
            return Self::Wrong("decimal places are a whole number from 0 to 28");
        };
        match self {
            Self::Rough(number) if number.abs() < 1e15 => match Decimal::from_f64(number) {
                Some(number) => Self::Exact(number).rounded(Self::Exact(places.into())),
                None => self,
            },
            Self::Exact(number) => {
                Self::Exact(number.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero))
            }
            other => other,
        }
    }

    pub(super) fn round(self) -> Self {
        self.rounded(Self::default())
    }

    pub(super) fn negate(self) -> Self {
        self.one(|number| Some(-number), |number| -number)
    }

    pub(super) fn same(self) -> Self {
        self
    }

    pub(super) fn absolute(self) -> Self {
        self.one(|number| Some(number.abs()), f64::abs)
    }

    pub(super) fn floor(self) -> Self {
        self.one(|number| Some(number.floor()), f64::floor)
    }

    pub(super) fn ceiling(self) -> Self {
        self.one(|number| Some(number.ceil()), f64::ceil)
    }

    pub(super) fn truncate(self) -> Self {
        self.one(|number| Some(number.trunc()), f64::trunc)
    }

    pub(super) fn root(self) -> Self {
        if self.float() < 0.0 {
            return Self::Wrong("a negative number has no square root");
        }
        let exact = |number: Decimal| {
            let root = number.sqrt()?.normalize();
            // The square of half the digits is never rounded, so that equality means what it says.
            let half = root.scale() <= 14 && root.mantissa().unsigned_abs() < 1 << 48;
            (half && root.checked_mul(root) == Some(number)).then_some(root)
        };
        self.one(exact, f64::sqrt)
    }

    pub(super) fn exponential(self) -> Self {
        self.one(|number| number.is_zero().then_some(Decimal::ONE), f64::exp)
    }

    pub(super) fn logarithm(self) -> Self {
        self.positive().one(|number| (number == Decimal::ONE).then_some(Decimal::ZERO), f64::ln)
    }

    pub(super) fn decimal_logarithm(self) -> Self {
        self.positive().one(|number| (number == Decimal::ONE).then_some(Decimal::ZERO), f64::log10)
    }

    pub(super) fn binary_logarithm(self) -> Self {
        self.positive().one(|number| (number == Decimal::ONE).then_some(Decimal::ZERO), f64::log2)
    }

    fn positive(self) -> Self {
        if self.float() <= 0.0 { Self::Wrong("only a positive number has a logarithm") } else { self }
    }

    pub(super) fn sine(self) -> Self {
        self.one(|number| number.is_zero().then_some(Decimal::ZERO), f64::sin)
    }

    pub(super) fn cosine(self) -> Self {
        self.one(|number| number.is_zero().then_some(Decimal::ONE), f64::cos)
    }

    pub(super) fn tangent(self) -> Self {
        self.one(|number| number.is_zero().then_some(Decimal::ZERO), f64::tan)
    }
}
