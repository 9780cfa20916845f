//! Kernel modules: loaded from a file or from memory, and unloaded.

use abi::{PartTag, part_flags};
use event::{Detail, Event, File, Kind};

use super::{
    Call, Converter, event,
    parts::{facts_of, text, walk},
};
use crate::{
    enrich::{View, file_of_walk},
    process::{Output, arguments, display},
};

impl Converter {
    pub(super) fn module(&mut self, kind: Kind, call: Call<'_>, out: &mut Output) -> Event {
        let (context, foreign) = self.table.acting(call.id, out);
        let from_memory = call.syscall.name == "init_module";
        let plain = |flags: u64| u32::try_from(flags & 0xffff_ffff).unwrap_or_default();
        let (name, file, (args, args_truncated), flags) = if kind == Kind::UnloadModule {
            (text(call.record, PartTag::Text), None, (Vec::new(), false), plain(call.body.args[1]))
        } else {
            let file = (!from_memory).then(|| module_file(&call)).flatten();
            let known = call.record.part(PartTag::ModuleName).map(|(bytes, _)| until_nul(bytes));
            let name = known.unwrap_or_else(|| {
                let view =
                    foreign.map_or(View::Own, |namespace| View::Foreign { pid: call.id.tgid, namespace });
                match &file {
                    Some(file) => self.modules.of_file(view, file),
                    None if from_memory => {
                        self.modules.of_memory(call.id, call.body.args[0], call.body.args[1])
                    }
                    None => String::new(),
                }
            });
            let flags = if from_memory { 0 } else { plain(call.body.args[2]) };
            (name, file, parameters(&call), flags)
        };
        Event {
            file,
            detail: Detail::Module { name, from_memory, args, args_truncated, flags },
            ..event(call.id, kind, context)
        }
    }
}

/// The file that was loaded.
fn module_file(call: &Call<'_>) -> Option<File> {
    let walked = walk(&call.record.path(PartTag::Path)?);
    let mut file = file_of_walk(&walked.path, walked.truncated, walked.detached, walked.deleted);
    if let Some(facts) = call.record.facts() {
        file.facts = Some(facts_of(&facts));
        file.flags |= event::file_flags::FROM_KERNEL;
    }
    Some(file)
}

/// The parameters, split at blanks; whether something was cut. Secrets in them are treated as in a command line.
fn parameters(call: &Call<'_>) -> (Vec<String>, bool) {
    let (bytes, flags) = call.record.part(PartTag::Text).unwrap_or_default();
    let words: Vec<&[u8]> = bytes.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).collect();
    // In the form of an argument list, whose first string is the program.
    let list: Vec<u8> = words.iter().flat_map(|word| [&[0], *word].concat()).collect();
    let arguments = arguments(&list, flags & (part_flags::TRUNCATED | part_flags::FAULT) != 0);
    (arguments.args, arguments.truncated)
}

fn until_nul(bytes: &[u8]) -> String {
    display(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}
