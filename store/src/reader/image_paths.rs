//! Paths of the images of a segment's contexts.

use std::collections::HashMap;
use std::sync::Arc;

use super::contexts::Contexts;
use crate::bytes::room;
use crate::segment::file::FileError;

/// Where the image of a context is told.
#[derive(Clone, Copy, Debug)]
enum Image {
    /// Number of its path.
    Path(u32),
    /// By that context, which came before, if by any.
    Of(u64),
}

/// The path of each context's image, where one is known.
#[derive(Debug, Default)]
pub struct ImagePaths {
    /// By context, ascending.
    images: Vec<(u64, Image)>,
    paths: Vec<Arc<str>>,
}

impl ImagePaths {
    /// Of a segment.
    pub fn of(contexts: &Contexts<'_>) -> Result<Self, FileError> {
        let (mut images, mut paths): (Vec<(u64, Image)>, Vec<Arc<str>>) = (Vec::new(), Vec::new());
        let mut numbers: HashMap<Arc<str>, u32> = HashMap::new();
        contexts.each(|_, summary| {
            room(&mut images, summary.ids.len());
            for row in 0..summary.ids.len() {
                let image = match summary.exe(row) {
                    Some(exe) => Image::Path(numbers.get(exe).copied().unwrap_or_else(|| {
                        let (number, path) = (u32::try_from(paths.len()).unwrap_or(u32::MAX), Arc::from(exe));
                        paths.push(Arc::clone(&path));
                        numbers.insert(path, number);
                        number
                    })),
                    None => Image::Of(summary.shared[row]),
                };
                images.push((summary.ids[row], image));
            }
        })?;
        // Of a context that came again, the last counts.
        images.reverse();
        images.sort_by_key(|(context, _)| *context);
        images.dedup_by_key(|(context, _)| *context);
        for place in 0..images.len() {
            if let Image::Of(holder) = images[place].1
                && let Ok(holder) = images[..place].binary_search_by_key(&holder, |(context, _)| *context)
            {
                images[place].1 = images[holder].1;
            }
        }
        Ok(Self { images, paths })
    }

    /// Of one context.
    #[cfg(test)]
    pub fn one(context: u64, path: &str) -> Self {
        Self { images: vec![(context, Image::Path(0))], paths: vec![Arc::from(path)] }
    }

    /// Of a context.
    pub fn get(&self, context: u64) -> Option<&str> {
        let place = self.images.binary_search_by_key(&context, |(context, _)| *context).ok()?;
        match self.images[place].1 {
            Image::Path(number) => self.paths.get(number as usize).map(|path| &**path),
            Image::Of(_) => None,
        }
    }
}
