//! Symmetric positive definite systems: the Cholesky factor and the inverse. Sums run in index order.

/// A square matrix, row by row.
#[derive(Debug, Clone)]
pub struct Square {
    /// The number of rows.
    pub size: usize,
    /// Its elements.
    pub of: Vec<f64>,
}

impl Square {
    /// A matrix with `value` on its diagonal.
    pub fn diagonal(size: usize, value: f64) -> Self {
        let mut of = vec![0.0; size * size];
        for index in 0..size {
            of[index * size + index] = value;
        }
        Self { size, of }
    }

    /// Adds the product of a vector with itself to the lower half.
    pub fn add_outer(&mut self, x: &[f64], weight: f64) {
        for (row, &left) in x.iter().enumerate() {
            // Most flags are zero, and their rows stay as they are.
            if left != 0.0 {
                let at = row * self.size;
                add_scaled(&mut self.of[at..=at + row], &x[..=row], weight * left);
            }
        }
    }

    /// The inverse of a symmetric positive definite matrix of which the lower half is given.
    pub fn inverse(mut self) -> Option<Self> {
        let n = self.size;
        for row in 0..n {
            for column in 0..=row {
                let (head, tail) = self.of.split_at(row * n);
                let above =
                    if column == row { &tail[..column] } else { &head[column * n..column * n + column] };
                let sum = tail[column] - dot(&tail[..column], above);
                if column == row {
                    if !(sum > 0.0 && sum.is_finite()) {
                        return None;
                    }
                    self.of[row * n + row] = sum.sqrt();
                } else {
                    self.of[row * n + column] = sum / self.of[column * n + column];
                }
            }
        }
        Some(self.inverse_of_factor())
    }

    /// (L Lt)^-1 from L: the rows of L^-1, then the sum of their outer products.
    fn inverse_of_factor(&self) -> Self {
        let n = self.size;
        let mut lower = vec![0.0; n * n];
        for row in 0..n {
            let (done, current) = lower.split_at_mut(row * n);
            let current = &mut current[..n];
            for (column, factor) in self.of[row * n..row * n + row].iter().enumerate() {
                add_scaled(&mut current[..=column], &done[column * n..=column * n + column], -factor);
            }
            current[row] = 1.0;
            let pivot = self.of[row * n + row];
            current[..=row].iter_mut().for_each(|value| *value /= pivot);
        }
        let mut inverse = Self::diagonal(n, 0.0);
        for row in lower.chunks_exact(n) {
            inverse.add_outer(row, 1.0);
        }
        for row in 0..n {
            for column in 0..row {
                inverse.of[column * n + row] = inverse.of[row * n + column];
            }
        }
        inverse
    }

    /// The product with a vector.
    pub fn times(&self, x: &[f64]) -> Vec<f64> {
        self.of.chunks_exact(self.size).map(|row| dot(row, x)).collect()
    }
}

/// The sum of products. Eight partial sums, in fixed order, so that the compiler can use vectors.
pub fn dot(left: &[f64], right: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let (lefts, rights) = (left.chunks_exact(8), right.chunks_exact(8));
    let rest: f64 = lefts.remainder().iter().zip(rights.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in lefts.zip(rights) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// Adds a multiple of one vector to another.
pub fn add_scaled(to: &mut [f64], from: &[f64], factor: f64) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}
