//! What of a segment a filter leaves to be looked at: the blocks, and who of each.

use std::sync::Arc;

use event::{EventId, Kind};

use super::chosen::{Chosen, Fits, Images};
use super::contexts::Contexts;
use super::filters::{Filters, terms};
use super::index;
use super::scan::zones;
use super::segment::{Segment, View};
use super::select;
use super::shared::Shared;
use crate::block::Zone;
use crate::bytes::Damaged;
use crate::index::directory::{Directory, Line};
use crate::segment::file::{FileError, guarded};
use crate::segment::tables::ZONES;
use crate::{Filter, Order};

/// A segment, narrowed down by a filter.
pub struct Ground<'a> {
    shared: &'a Shared,
    segment: &'a Segment,
    view: &'a View,
    /// Which contexts fit.
    pub chosen: Chosen<'a>,
    /// By number of block: whether it can have something; `None` if there is no index.
    marked: Option<(Vec<bool>, Arc<Directory>)>,
    /// Events of the filter's paths, as an index tells it.
    of_paths: Option<u64>,
    /// Hashes of the terms of each pattern.
    wanted: Vec<Vec<u64>>,
}

impl<'a> Ground<'a> {
    /// Asks the indexes, or all contexts where there are none. `None` if nothing can fit.
    pub fn of(
        shared: &'a Shared,
        segment: &'a Segment,
        view: &'a View,
        filter: &'a Filter,
        kinds: &impl Fn(Kind) -> bool,
    ) -> Result<Option<Self>, FileError> {
        let indexed = index::directory(shared, segment, view).and_then(|directory| {
            let narrowed = guarded(|| index::narrow(shared, segment, view, &directory, filter, kinds));
            Some((narrowed.inspect_err(|error| index::unusable(segment, error)).ok()?, directory))
        });
        let nothing =
            |narrowed: &index::Narrowed| narrowed.who.is_empty() || !narrowed.blocks.contains(&true);
        if indexed.as_ref().is_some_and(|(narrowed, _)| nothing(narrowed)) {
            return Ok(None);
        }
        let contexts = Contexts::new(shared, segment, view)?;
        let with_images = !filter.paths.is_empty() && (kinds(Kind::Exec) || kinds(Kind::Exit));
        let (who, images, marked, of_paths) = match indexed {
            Some((narrowed, directory)) => {
                let images = if narrowed.images && with_images { Images::Ask } else { Images::Nobody };
                (narrowed.who, images, Some((narrowed.blocks, directory)), narrowed.of_paths)
            }
            None => {
                let images = if with_images {
                    Images::These(select::images(&contexts, &filter.paths)?)
                } else {
                    Images::Nobody
                };
                (select::who(&contexts, filter)?, images, None, None)
            }
        };
        if who.is_empty() {
            return Ok(None);
        }
        let wanted = filter.paths.iter().map(|pattern| terms(pattern, false)).collect();
        let chosen = Chosen { contexts, filter, who, images };
        Ok(Some(Self { shared, segment, view, chosen, marked, of_paths, wanted }))
    }

    /// Events of the filter's paths, and the blocks that can have something, where an index tells.
    pub fn likely(&self) -> Option<(u64, usize)> {
        let (marked, _) = self.marked.as_ref()?;
        Some((self.of_paths?, marked.iter().filter(|marked| **marked).count()))
    }

    /// Calls `each` with the blocks that can have something, in the order asked for, until it says false; those whose
    /// first and last id are `beyond` what is of interest are left out. Damaged header rows are noted.
    pub fn blocks(
        &self,
        order: Order,
        kinds: &impl Fn(Kind) -> bool,
        beyond: impl Fn(EventId, EventId) -> bool,
        mut each: impl FnMut(Zone, Fits) -> Result<bool, FileError>,
    ) -> Result<(), FileError> {
        let filters = if self.marked.is_none() { Some(Filters::new(self.view)?) } else { None };
        let mut each = |zone: Zone| {
            if beyond(zone.first, zone.last) || !select::may_fit(&zone, self.chosen.filter, kinds) {
                return Ok(true);
            }
            let Some(fits) = self.chosen.of(&zone) else { return Ok(true) };
            if let Some(filters) = &filters
                && zone.sealed
                && fits.images.is_none()
                && !self.wanted.is_empty()
                && !self.wanted.iter().any(|terms| filters.may_have(zone.first, terms))
            {
                return Ok(true);
            }
            each(zone, fits)
        };
        let Some((marked, directory)) = &self.marked else {
            return zones(self.shared, self.segment, self.view, order, each);
        };
        guarded(|| {
            let table = self.view.transaction.open_table(ZONES)?;
            let mut lines: Box<dyn Iterator<Item = (&Line, &bool)>> =
                Box::new(directory.lines.iter().zip(marked));
            if order == Order::Desc {
                lines = Box::new(directory.lines.iter().zip(marked).rev());
            }
            for (line, _) in lines.filter(|(line, marked)| **marked && !beyond(line.first, line.last)) {
                let zone = match table.get(&line.first.to_be_bytes())? {
                    Some(row) => Zone::decode(self.view.format, line.first, row.value()),
                    None => Err(Damaged("a header row is missing")),
                };
                match zone {
                    Ok(zone) => {
                        if !each(zone)? {
                            return Ok(());
                        }
                    }
                    Err(_) => self.shared.damaged(self.segment, line.first, None),
                }
            }
            Ok(())
        })
    }
}
