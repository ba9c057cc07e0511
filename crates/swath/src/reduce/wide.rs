/// A sum kept as an unevaluated pair of f64, `high + low`, with about 106 significant bits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Wide {
    high: f64,
    low: f64,
}

impl Wide {
    /// Adds one number; what `high` loses in rounding goes to `low` (Knuth's two-sum, exact in any order of size).
    pub(super) fn add(&mut self, value: f64) {
        let (sum, lost) = two_sum(self.high, value);
        (self.high, self.low) = quick_two_sum(sum, lost + self.low);
    }

    /// Adds the square of a number, exactly: the rounding error of the product comes from a fused multiply-add.
    pub(super) fn add_square(&mut self, value: f64) {
        let square = value * value;
        self.add(square);
        self.add(value.mul_add(value, -square));
    }

    /// Adds another sum.
    pub(super) fn merge(&mut self, other: &Self) {
        self.add(other.high);
        self.add(other.low);
    }

    /// The sum divided by a count.
    pub(super) fn divided_by(&self, count: f64) -> Self {
        let first = self.high / count;
        let remainder = (-first).mul_add(count, self.high) + self.low;
        let (high, low) = quick_two_sum(first, remainder / count);
        Self { high, low }
    }

    /// `self − other²`, with the square of both parts of `other`.
    pub(super) fn minus_square_of(&self, other: &Self) -> Self {
        let square = other.high * other.high;
        let mut difference = *self;
        difference.add(-square);
        difference.add(-other.high.mul_add(other.high, -square));
        difference.add(-2.0 * other.high * other.low);
        difference.add(-other.low * other.low);
        difference
    }

    /// The sum rounded to one f64.
    pub(super) fn rounded(&self) -> f64 {
        self.high + self.low
    }
}

/// The rounded sum of two numbers and what the rounding lost.
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// As [`two_sum`], for a first number that is the greater one.
fn quick_two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    (sum, b - (sum - a))
}
