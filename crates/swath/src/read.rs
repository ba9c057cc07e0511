//! The one read path: plan → fetch → decode → assemble.
//!
//! A *plan* is a value made by `swath-hdf5`: which stored pieces lie under a selection, and where. *Fetch* is the only step
//! that waits: all pieces of a read are one wave. *Decode* is pure and runs on the CPU pool as pieces arrive. *Assemble*
//! puts each decoded piece into the output, or hands it to a reduction, and forgets it. So a read holds its output and
//! what is in flight, and a reduction holds what is in flight alone.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::TryStreamExt;
use num_complex::Complex32;
use swath_hdf5::{DecodedPiece, Plan, ReadRanges};

use crate::array::Values;
use crate::error::{Error, ErrorKind, Result};
use crate::store::Object;

/// What a read may cost.
#[derive(Debug, Clone, Copy)]
pub struct ReadLimits {
    /// Bytes that may be fetched by one read.
    pub max_bytes: u64,
    /// Bytes that the output of one read may take in memory.
    pub max_output_bytes: u64,
}

impl Default for ReadLimits {
    /// 8 GiB fetched, 4 GiB of output: beyond any single window of a real product, below a mistake.
    fn default() -> Self {
        Self { max_bytes: 8 << 30, max_output_bytes: 4 << 30 }
    }
}

/// Pieces that are being decoded at the same time, besides those on the wire.
const DECODING: usize = 8;

/// Reads what is planned as typed values in C order.
pub(crate) async fn read(object: &Object, plan: Plan, limits: ReadLimits) -> Result<Values> {
    let plan = Arc::new(plan);
    let bytes = read_bytes(object, &plan, limits).await?;
    typed(&plan, bytes)
}

/// Reads what is planned as little-endian bytes in C order.
pub(crate) async fn read_bytes(object: &Object, plan: &Arc<Plan>, limits: ReadLimits) -> Result<Vec<u8>> {
    check_cost(plan, limits)?;
    let mut output = vec![0; plan.output_bytes()];
    each_piece(object, plan, |piece| piece.place(&mut output).map_err(Error::from)).await?;
    Ok(output)
}

/// An error when the read would fetch or hold more than is allowed.
pub(crate) fn check_cost(plan: &Plan, limits: ReadLimits) -> Result<()> {
    check_fetch(plan, limits)?;
    let length = plan.output_bytes() as u64;
    if length > limits.max_output_bytes {
        return Err(too_much("the window needs", length, "of memory", limits.max_output_bytes));
    }
    Ok(())
}

/// Hands each decoded piece of the plan to `take`, as typed values in C order, in no particular order.
pub(crate) async fn reduce(
    object: &Object,
    plan: Plan,
    limits: ReadLimits,
    mut take: impl FnMut(&Values) -> Result<()> + Send,
) -> Result<()> {
    check_fetch(&plan, limits)?;
    let plan = Arc::new(plan);
    each_piece(object, &plan, |piece| take(&typed(&plan, piece.to_values_bytes())?)).await
}

/// Reads several small things whole, all in one wave, as little-endian bytes in C order. What was read along with the index
/// is not fetched again; one that is damaged does not keep the others from being read.
pub(crate) async fn read_small_each(
    object: &Object,
    index: &swath_hdf5::Index,
    plans: &[Plan],
) -> Result<Vec<swath_hdf5::Result<Vec<u8>>>> {
    let ranges: Vec<Range<u64>> = plans.iter().flat_map(Plan::ranges).collect();
    let absent: Vec<Range<u64>> =
        ranges.iter().filter(|range| index.at_hand(range).is_none()).cloned().collect();
    let mut fetched = Vec::new().into_iter();
    if !absent.is_empty() {
        fetched = object.read_ranges(&absent).await.map_err(swath_hdf5::Error::Read)?.parts.into_iter();
    }
    let mut parts = ranges.iter().map(|range| match index.at_hand(range) {
        Some(bytes) => Bytes::copy_from_slice(bytes),
        None => fetched.next().unwrap_or_default(),
    });
    Ok(plans.iter().map(|plan| decode_small(plan, &mut parts)).collect())
}

/// The output of a plan whose stored pieces come next. All of them are taken, even when one is damaged.
fn decode_small(plan: &Plan, parts: &mut impl Iterator<Item = Bytes>) -> swath_hdf5::Result<Vec<u8>> {
    let stored: Vec<Bytes> = parts.take(plan.ranges().len()).collect();
    let mut stored = stored.into_iter();
    let mut output = vec![0; plan.output_bytes()];
    for piece in plan.pieces() {
        let bytes = piece.range.as_ref().and_then(|_| stored.next()).unwrap_or_default();
        plan.decode(piece, &bytes)?.place(&mut output)?;
    }
    Ok(output)
}

/// The numbers behind little-endian bytes, in the types that arrays have.
fn typed(plan: &Plan, bytes: Vec<u8>) -> Result<Values> {
    use swath_hdf5::Values as Stored;
    Ok(match swath_hdf5::values(plan.datatype(), bytes)? {
        Stored::U8(values) => Values::U8(values),
        Stored::I8(values) => Values::I8(values),
        Stored::U16(values) => Values::U16(values),
        Stored::I16(values) => Values::I16(values),
        Stored::U32(values) => Values::U32(values),
        Stored::I32(values) => Values::I32(values),
        Stored::U64(values) => Values::U64(values),
        Stored::I64(values) => Values::I64(values),
        Stored::F16(values) => Values::F32(values.into_iter().map(f32::from).collect()),
        Stored::F32(values) => Values::F32(values),
        Stored::F64(values) => Values::F64(values),
        Stored::Complex32(values) => {
            Values::Complex64(values.into_iter().map(|z| Complex32::new(z.re.into(), z.im.into())).collect())
        }
        Stored::Complex64(values) => Values::Complex64(values),
        _ => {
            let what = format!("{} holds {}, which is no number", plan.path(), plan.datatype().name());
            return Err(Error::usage(what).with_hint("look at it with: swath info SOURCE --json"));
        }
    })
}

fn check_fetch(plan: &Plan, limits: ReadLimits) -> Result<()> {
    if plan.bytes() > limits.max_bytes {
        return Err(too_much("the read would fetch", plan.bytes(), "over the network", limits.max_bytes));
    }
    Ok(())
}

fn too_much(what: &str, asked: u64, of_what: &str, allowed: u64) -> Error {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let text =
        format!("{what} {:.0} MB {of_what}, {:.0} MB are allowed", megabytes(asked), megabytes(allowed));
    Error::new(ErrorKind::Limit, text)
        .with_hint("ask for a smaller window, or for a statistic instead of its pixels")
}

/// Fetches, decodes and hands over every piece of a plan.
async fn each_piece(
    object: &Object,
    plan: &Arc<Plan>,
    mut take: impl FnMut(DecodedPiece) -> Result<()> + Send,
) -> Result<()> {
    let mut fetched = Vec::new();
    for (place, piece) in plan.pieces().iter().enumerate() {
        match &piece.range {
            Some(range) => fetched.push((place, range.clone())),
            // Never written, or in the header: nothing to wait for.
            None => take(plan.decode(piece, &[])?)?,
        }
    }
    let ranges: Vec<Range<u64>> = fetched.iter().map(|(_, range)| range.clone()).collect();
    let mut decoded = object
        .read_each(&ranges)
        .map_ok(|(number, stored)| decode(object, plan.clone(), fetched[number].0, stored))
        .try_buffer_unordered(DECODING);
    while let Some(piece) = decoded.try_next().await? {
        take(piece)?;
    }
    Ok(())
}

/// Decodes a piece on the CPU pool. One that does not decode is fetched once more: a bit may have flipped on the way.
async fn decode(object: &Object, plan: Arc<Plan>, place: usize, stored: Bytes) -> Result<DecodedPiece> {
    match decode_on_pool(&plan, place, stored).await? {
        Ok(piece) => Ok(piece),
        Err(first @ swath_hdf5::Error::Malformed { .. }) => {
            let Some(range) = plan.pieces()[place].range.clone() else { return Err(first.into()) };
            let again = object.read(range).await?;
            let piece = decode_on_pool(&plan, place, again).await?;
            piece.map_err(|error| {
                Error::from(error).in_context(format!("{} holds damaged data", object.address()))
            })
        }
        Err(other) => Err(other.into()),
    }
}

async fn decode_on_pool(
    plan: &Arc<Plan>,
    place: usize,
    stored: Bytes,
) -> Result<swath_hdf5::Result<DecodedPiece>> {
    let plan = plan.clone();
    let (done, result) = tokio::sync::oneshot::channel();
    pool()?.spawn(move || {
        // The reader may have gone; then nobody wants the piece.
        let _ = done.send(plan.decode(&plan.pieces()[place], &stored));
    });
    result.await.map_err(|_| Error::new(ErrorKind::Internal, "decoding ended without a result"))
}

/// The threads that decode. A process that was forked has none of its parent's threads, so it makes its own.
fn pool() -> Result<Arc<rayon::ThreadPool>> {
    static POOL: Mutex<Option<(u32, Arc<rayon::ThreadPool>)>> = Mutex::new(None);
    let process = std::process::id();
    let mut known = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, pool)) = known.as_ref().filter(|(owner, _)| *owner == process) {
        return Ok(pool.clone());
    }
    let made = rayon::ThreadPoolBuilder::new().thread_name(|number| format!("swath-decode-{number}")).build();
    let made = made.map_err(|why| {
        Error::new(ErrorKind::Local, "no threads could be started to decode with").because(why)
    })?;
    let pool = Arc::new(made);
    // Ending the parent's pool would wait for threads that are not in this process.
    std::mem::forget(known.replace((process, pool.clone())));
    Ok(pool)
}

impl From<swath_hdf5::Error> for Error {
    fn from(error: swath_hdf5::Error) -> Self {
        use swath_hdf5::Error as Hdf5;
        match error {
            // An access error came through the reader unchanged; it knows its own kind and hint.
            Hdf5::Read(source) => match source.downcast::<Self>() {
                Ok(access) => *access,
                Err(source) => {
                    Self::new(ErrorKind::Service, "the bytes of the file could not be read").because(source)
                }
            },
            Hdf5::NotHdf5 { .. } | Hdf5::Truncated { .. } | Hdf5::Malformed { .. } => {
                Self::new(ErrorKind::Integrity, error.to_string())
            }
            Hdf5::Unsupported { .. } => Self::new(ErrorKind::Unsupported, error.to_string()),
            Hdf5::NotFound { .. } | Hdf5::Misuse { .. } => Self::usage(error.to_string()),
            Hdf5::Limit { .. } => Self::new(ErrorKind::Limit, error.to_string()),
            _ => Self::new(ErrorKind::Internal, error.to_string()),
        }
    }
}
