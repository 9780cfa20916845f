//! `tacho pin` and `tacho unpin`: spans that are kept from removal.

use std::io::{self, BufWriter, Write as _};

use anyhow::{Context as _, Result};
use query_api::{AppState, Role};
use serde_json::{Map, Value, json};
use store::edit_pins;

use super::{
    args::{CapFlags, PinFlags, SourceFlags, UnpinFlags},
    client::Client,
    config::Config,
    settings::UsageError,
    size::Size,
    text::escape,
    zone::moment,
};

/// Makes a pin, or lists them.
///
/// # Errors
/// If it is refused, nobody answers, or standard output cannot be written.
pub fn pin(flags: &PinFlags, file: &Config) -> Result<()> {
    if flags.list {
        let document = Client::open(&flags.source, file)?.get("/pins", &Vec::new())?;
        return list(&document, flags.json);
    }
    let Some(since) = &flags.since else {
        return Err(
            UsageError::Refused("--since TIME says from when on; --list lists the pins".to_owned()).into()
        );
    };
    let mut wanted = Map::new();
    wanted.insert("since".to_owned(), json!(since));
    wanted.extend(flags.until.iter().map(|until| ("until".to_owned(), json!(until))));
    wanted.extend(flags.name.iter().map(|name| ("name".to_owned(), json!(name))));
    let pin = client(&flags.source, &flags.caps, file)?.post("/pins", &Value::Object(wanted))?;
    let mut out = BufWriter::new(io::stdout().lock());
    if flags.json {
        serde_json::to_writer_pretty(&mut out, &pin).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        writeln!(out, "pinned {}", line(&pin))?;
    }
    Ok(out.flush()?)
}

/// Lets go of pins.
///
/// # Errors
/// If one is not there, nobody answers, or standard output cannot be written.
pub fn unpin(flags: &UnpinFlags, file: &Config) -> Result<()> {
    let client = client(&flags.source, &CapFlags::default(), file)?;
    for name in &flags.names {
        client.delete(&format!("/pins/{}", super::client::encoded(name)))?;
        writeln!(io::stdout(), "unpinned {}", escape(name))?;
    }
    Ok(())
}

/// The API to change. A store that nobody writes is locked while its pins are changed.
fn client(source: &SourceFlags, caps: &CapFlags, file: &Config) -> Result<Client> {
    let Some(dir) = &source.store else { return Client::open(source, file) };
    let options = caps.options(file)?;
    let editor =
        edit_pins(dir, &options).with_context(|| format!("cannot change the pins of {}", dir.display()))?;
    let router = query_api::app(AppState::new(editor.store().clone(), Role::Serving));
    Client::over(router, editor)
}

fn list(document: &Value, json: bool) -> Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if json {
        serde_json::to_writer_pretty(&mut out, document).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(out.flush()?);
    }
    let none = Vec::new();
    for pin in document["pins"].as_array().unwrap_or(&none) {
        writeln!(out, "{}", line(pin))?;
    }
    let bytes = Size(document["bytes"].as_u64().unwrap_or(0));
    match document["max_bytes"].as_u64() {
        Some(limit) => writeln!(out, "{bytes} of {} pinned", Size(limit))?,
        None => writeln!(out, "{bytes} pinned")?,
    }
    Ok(out.flush()?)
}

fn line(pin: &Value) -> String {
    let time = |key: &str| pin[key].as_str().map(moment).unwrap_or_default();
    format!(
        "{}  {} to {}  {} segments, {} events, {}",
        escape(pin["name"].as_str().unwrap_or_default()),
        time("since"),
        time("until"),
        pin["segments"],
        pin["events"],
        Size(pin["bytes"].as_u64().unwrap_or(0)),
    )
}

#[cfg(test)]
mod tests {
    use event::{Detail, Event, Kind};
    use store::{Batch, Options, Store, Writer};

    use super::*;

    fn event() -> Event {
        Event {
            time: 1_000_000_000,
            kind: Kind::Open,
            context: 0,
            tid: 1,
            retval: 0,
            flags: 0,
            file: None,
            destination: None,
            detail: Detail::None,
        }
    }

    fn writer(dir: &std::path::Path) -> Writer {
        let mut writer = Writer::open(dir, Options { pack: false, ..Options::default() }).unwrap();
        writer.append(&Batch { events: vec![event()], ..Batch::default() }).unwrap();
        writer
    }

    #[test]
    fn while_it_is_recorded_a_store_is_pinned_over_the_socket() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(dir.path());
        let socket = dir.path().join("socket");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = {
            let _inside = runtime.enter();
            query_api::bind_socket(&socket).unwrap()
        };
        let app = query_api::app(AppState::new(writer.reader(), Role::Recording));
        runtime.spawn(query_api::serve(
            vec![(query_api::Listener::Unix(listener), app)],
            std::future::pending::<()>(),
        ));
        let source = SourceFlags { socket: Some(socket), ..SourceFlags::default() };
        let wanted = PinFlags {
            source: source.clone(),
            since: Some("1970-01-01T00:00:00Z".to_owned()),
            name: Some("incident".to_owned()),
            ..PinFlags::default()
        };
        pin(&wanted, &Config::default()).unwrap();
        assert_eq!(writer.reader().pins()[0].pin.name, "incident");
        let wrong = PinFlags { since: Some("soon".to_owned()), name: None, ..wanted.clone() };
        assert!(pin(&wrong, &Config::default()).unwrap_err().is::<UsageError>());
        pin(&PinFlags { list: true, since: None, ..wanted }, &Config::default()).unwrap();
        unpin(&UnpinFlags { source, names: vec!["incident".to_owned()] }, &Config::default()).unwrap();
        assert!(writer.reader().pins().is_empty());
    }

    #[test]
    fn a_store_that_nobody_writes_is_pinned_directly() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(dir.path());
        let source = SourceFlags { store: Some(dir.path().to_owned()), ..SourceFlags::default() };
        let wanted = PinFlags {
            source: source.clone(),
            since: Some("1970-01-01T00:00:00Z".to_owned()),
            name: Some("incident".to_owned()),
            ..PinFlags::default()
        };
        let error = pin(&wanted, &Config::default()).unwrap_err();
        assert!(format!("{error:#}").contains(&std::process::id().to_string()), "{error:#}");
        writer.close().unwrap();
        pin(&wanted, &Config::default()).unwrap();
        assert_eq!(Store::open(dir.path()).unwrap().pins()[0].pin.name, "incident");
        assert!(pin(&wanted, &Config::default()).unwrap_err().to_string().contains("already"));
        let flags = UnpinFlags { source, names: vec!["incident".to_owned()] };
        unpin(&flags, &Config::default()).unwrap();
        assert!(Store::open(dir.path()).unwrap().pins().is_empty());
        assert!(unpin(&flags, &Config::default()).is_err());
    }

    #[test]
    fn a_pin_is_one_line() {
        let pin = json!({
            "name": "a", "since": "2026-01-02T03:04:05Z", "until": "2026-01-02T04:04:05Z",
            "segments": 2, "events": 700, "bytes": 2048,
        });
        assert_eq!(
            line(&pin),
            "a  2026-01-02 03:04:05.000 to 2026-01-02 04:04:05.000  2 segments, 700 events, 2.0 KiB"
        );
    }
}
