//! Trees for a quantile: boosted, on histograms, for load as a distance from the level of the day before.
//!
//! The gradient of the pinball loss has two values, so histograms hold counts and their sums are exact. A leaf takes
//! the quantile of its errors.

use super::scale::Scale;
use super::sights::Sights;

/// How trees grow.
#[derive(Debug, Clone, Copy)]
pub struct Growth {
    /// Which quantile is wanted.
    pub level: f64,
    /// How many trees there are.
    pub rounds: usize,
    /// The most leaves of a tree.
    pub leaves: usize,
    /// Which share of its leaf each adds.
    pub rate: f64,
}

impl Growth {
    /// For the median, which is the forecast.
    pub const MEDIAN: Self = Self { level: 0.5, rounds: 200, leaves: 31, rate: 0.06 };

    /// For a quantile that only says how wide the errors are.
    pub fn edge(level: f64) -> Self {
        Self { level, rounds: 60, leaves: 15, rate: 0.1 }
    }
}

/// The fewest rows of a leaf.
const FEWEST: u32 = 20;
/// The most bins of a feature.
const BINS: usize = 64;
/// The share of features and of blocks that a tree sees.
const SHARE: f64 = 0.6;
/// The most rows that a tree sees: a bound on time; larger ones were not tried.
const ROWS: f64 = 16_000.0;

/// Blocks that have ended: what was seen of each, and its load; NaN is missing.
pub type Block<'a> = (&'a Sights, Vec<f64>);

/// Fitted trees.
#[derive(Debug)]
pub struct Trees {
    scale: Scale,
    /// The upper edges of the bins of each feature.
    edges: Vec<Vec<f64>>,
    /// The quantile of all distances from the level.
    base: f64,
    trees: Vec<Tree>,
}

/// A node: below or at `bin` of `feature` to the left. A leaf has no children.
#[derive(Debug, Clone, Copy)]
struct Node {
    feature: usize,
    bin: u8,
    left: usize,
    right: usize,
    value: f64,
}

#[derive(Debug)]
struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    fn value(&self, bins: &[u8]) -> f64 {
        let mut node = &self.nodes[0];
        while node.left != 0 {
            node = &self.nodes[if bins[node.feature] <= node.bin { node.left } else { node.right }];
        }
        node.value
    }
}

impl Trees {
    /// Fits trees. None without a row.
    pub fn fit(blocks: &[Block<'_>], scale: Scale, growth: Growth) -> Option<Self> {
        let mut rows = Rows::of(blocks, scale)?;
        let base = quantile(&mut rows.errors.clone(), growth.level);
        rows.errors.iter_mut().for_each(|error| *error -= base);
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        let share = SHARE.min(ROWS / rows.errors.len() as f64);
        let mut trees = Vec::with_capacity(growth.rounds);
        for _ in 0..growth.rounds {
            let drawn = rows.draw(share, &mut random);
            let features = (0..rows.width).filter(|_| random.share() < SHARE).collect();
            let tree = Grower { rows: &rows, features, growth }.grow(drawn);
            for (bins, error) in rows.bins.chunks_exact(rows.width).zip(&mut rows.errors) {
                *error -= tree.value(bins);
            }
            trees.push(tree);
        }
        Some(Self { scale, edges: rows.edges, base, trees })
    }

    /// The scale that the trees work on.
    pub fn scale(&self) -> Scale {
        self.scale
    }

    /// The load of a block, on the scale.
    pub fn forecast(&self, sights: &Sights) -> Vec<f64> {
        let level = self.scale.to(sights.level);
        let width = sights.features();
        let mut bins = vec![0; width];
        let step = |features: &[f64]| {
            for (feature, bin) in bins.iter_mut().enumerate() {
                let value = seen(features[feature], sights.is_load[feature], self.scale, level);
                *bin = bin_of(&self.edges[feature], value);
            }
            let sum: f64 = self.trees.iter().map(|tree| tree.value(&bins)).sum();
            level + self.base + sum
        };
        sights.steps.chunks_exact(width).map(step).collect()
    }
}

fn seen(value: f64, is_load: bool, scale: Scale, level: f64) -> f64 {
    if is_load { scale.to(value) - level } else { value }
}

fn bin_of(edges: &[f64], value: f64) -> u8 {
    edges.partition_point(|edge| *edge < value) as u8
}

/// The rows that trees learn from.
struct Rows {
    width: usize,
    edges: Vec<Vec<f64>>,
    /// Row by row.
    bins: Vec<u8>,
    errors: Vec<f64>,
    /// Where the rows of each block begin.
    blocks: Vec<usize>,
}

impl Rows {
    fn of(blocks: &[Block<'_>], scale: Scale) -> Option<Self> {
        let width = blocks.first()?.0.features();
        let (mut values, mut errors, mut starts) = (Vec::new(), Vec::new(), vec![0]);
        for (sights, load) in blocks {
            let level = scale.to(sights.level);
            for (features, load) in sights.steps.chunks_exact(width).zip(load) {
                if !load.is_nan() {
                    let features = features.iter().zip(&sights.is_load);
                    values.extend(features.map(|(value, is_load)| seen(*value, *is_load, scale, level)));
                    errors.push(scale.to(*load) - level);
                }
            }
            starts.push(errors.len());
        }
        if errors.is_empty() {
            return None;
        }
        let edges: Vec<Vec<f64>> = (0..width).map(|feature| edges(&values, width, feature)).collect();
        let bins = values.iter().enumerate().map(|(at, value)| bin_of(&edges[at % width], *value)).collect();
        Some(Self { width, edges, bins, errors, blocks: starts })
    }

    /// The rows of some blocks, drawn at random.
    fn draw(&self, share: f64, random: &mut Random) -> Vec<u32> {
        let mut drawn = Vec::with_capacity((self.errors.len() as f64 * share * 1.2) as usize);
        for block in self.blocks.windows(2) {
            if random.share() < share {
                drawn.extend(block[0] as u32..block[1] as u32);
            }
        }
        drawn
    }
}

/// The edges of the bins of a feature: equal shares of some thousand of its values.
fn edges(values: &[f64], width: usize, feature: usize) -> Vec<f64> {
    let rows = values.len() / width;
    let stride = (rows / 4000).max(1);
    let mut sample: Vec<f64> = (0..rows).step_by(stride).map(|row| values[row * width + feature]).collect();
    sample.sort_by(f64::total_cmp);
    let at = |bin: usize| sample[bin * sample.len() / BINS];
    let mut edges: Vec<f64> = (1..BINS).map(at).collect();
    edges.dedup();
    edges
}

/// Counts of a bin: its rows, and how many of them have errors above zero.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    rows: u32,
    above: u32,
}

/// A leaf that may be divided.
struct Leaf {
    node: usize,
    rows: Vec<u32>,
    counts: Vec<Bin>,
    best: Option<Split>,
}

#[derive(Debug, Clone, Copy)]
struct Split {
    gain: f64,
    feature: usize,
    bin: u8,
}

/// Grows a tree, the best split first.
struct Grower<'a> {
    rows: &'a Rows,
    /// The features that this tree may use.
    features: Vec<usize>,
    growth: Growth,
}

impl Grower<'_> {
    fn grow(&self, drawn: Vec<u32>) -> Tree {
        let mut nodes = vec![LEAF];
        let counts = self.counts(&drawn);
        let mut leaves = vec![self.leaf(0, drawn, counts)];
        while leaves.len() < self.growth.leaves {
            let gain = |leaf: &Leaf| leaf.best.map_or(0.0, |split| split.gain);
            // The first of equal gains, so that the order is the same in every run.
            let mut best = 0;
            for index in 1..leaves.len() {
                if gain(&leaves[index]) > gain(&leaves[best]) {
                    best = index;
                }
            }
            let Some(split) = leaves[best].best else { break };
            let leaf = leaves.swap_remove(best);
            let (left, right) = self.divide(leaf, split, &mut nodes);
            leaves.push(left);
            leaves.push(right);
        }
        for leaf in &leaves {
            let mut errors: Vec<f64> = leaf.rows.iter().map(|row| self.rows.errors[*row as usize]).collect();
            nodes[leaf.node].value = if errors.is_empty() {
                0.0
            } else {
                self.growth.rate * quantile(&mut errors, self.growth.level)
            };
        }
        Tree { nodes }
    }

    fn divide(&self, leaf: Leaf, split: Split, nodes: &mut Vec<Node>) -> (Leaf, Leaf) {
        let width = self.rows.width;
        let is_left = |row: &u32| self.rows.bins[*row as usize * width + split.feature] <= split.bin;
        let (left, right): (Vec<u32>, Vec<u32>) = leaf.rows.into_iter().partition(is_left);
        let at = nodes.len();
        nodes[leaf.node] =
            Node { feature: split.feature, bin: split.bin, left: at, right: at + 1, value: 0.0 };
        nodes.extend([LEAF, LEAF]);
        // Only the smaller half is counted; the larger is what is left of the whole.
        let is_left_smaller = left.len() < right.len();
        let smaller = self.counts(if is_left_smaller { &left } else { &right });
        let mut larger = leaf.counts;
        for (bin, other) in larger.iter_mut().zip(&smaller) {
            bin.rows -= other.rows;
            bin.above -= other.above;
        }
        let (lefts, rights) = if is_left_smaller { (smaller, larger) } else { (larger, smaller) };
        (self.leaf(at, left, lefts), self.leaf(at + 1, right, rights))
    }

    fn leaf(&self, node: usize, rows: Vec<u32>, counts: Vec<Bin>) -> Leaf {
        let best = self.best(&counts);
        Leaf { node, rows, counts, best }
    }

    fn counts(&self, rows: &[u32]) -> Vec<Bin> {
        let mut counts = vec![Bin::default(); self.features.len() * BINS];
        let width = self.rows.width;
        for &row in rows {
            let row = row as usize;
            let above = u32::from(self.rows.errors[row] > 0.0);
            let bins = &self.rows.bins[row * width..(row + 1) * width];
            for (feature, counts) in self.features.iter().zip(counts.chunks_exact_mut(BINS)) {
                let bin = &mut counts[usize::from(bins[*feature]) % BINS];
                bin.rows += 1;
                bin.above += above;
            }
        }
        counts
    }

    fn best(&self, counts: &[Bin]) -> Option<Split> {
        let score = |bin: Bin| {
            let sum = f64::from(bin.above) - (1.0 - self.growth.level) * f64::from(bin.rows);
            sum * sum / f64::from(bin.rows.max(1))
        };
        let mut best: Option<Split> = None;
        for (feature, counts) in self.features.iter().zip(counts.chunks_exact(BINS)) {
            let all = counts.iter().fold(Bin::default(), |all, bin| Bin {
                rows: all.rows + bin.rows,
                above: all.above + bin.above,
            });
            let mut left = Bin::default();
            for (bin, count) in counts.iter().enumerate().take(BINS - 1) {
                left = Bin { rows: left.rows + count.rows, above: left.above + count.above };
                let right = Bin { rows: all.rows - left.rows, above: all.above - left.above };
                if left.rows < FEWEST || right.rows < FEWEST {
                    continue;
                }
                let gain = score(left) + score(right) - score(all);
                if gain > best.map_or(1e-9, |best| best.gain) {
                    best = Some(Split { gain, feature: *feature, bin: bin as u8 });
                }
            }
        }
        best
    }
}

const LEAF: Node = Node { feature: 0, bin: 0, left: 0, right: 0, value: 0.0 };

fn quantile(values: &mut [f64], level: f64) -> f64 {
    let at = ((values.len() as f64 * level) as usize).min(values.len() - 1);
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

/// Xorshift: the same numbers in every run.
struct Random(u64);

impl Random {
    /// Between 0 and 1.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}
