//! What an event was about, in a few words.

#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt::Write as _};

use event::render::signal_name;
use serde_json::Value;

use super::{program::command_line, text::escape};

/// The last cell of the table.
#[must_use]
pub fn what(event: &Value) -> String {
    let name = event["evt"]["name"].as_str().unwrap_or("");
    let mut text = of_file(name, event)
        .or_else(|| of_process(name, event))
        .or_else(|| of_network(name, event))
        .or_else(|| of_kernel(name, event))
        .unwrap_or_else(|| path(&event["file"]));
    if text.is_empty() {
        text.push('?');
    }
    if event["evt"]["async"] == Value::Bool(true) {
        text.push_str(" (io_uring)");
    }
    text
}

fn of_file(name: &str, event: &Value) -> Option<String> {
    let file = path(&event["file"]);
    let destination = &event["file"]["destination"];
    Some(match name {
        "rename" | "link" => format!("{file} -> {}", path(destination)),
        "chmod" => match destination["mode"].as_u64() {
            Some(mode) => format!("{file} to {:04o}", mode & 0o7777),
            None => file,
        },
        "chown" => {
            let id = |name: &str| match destination[name].as_i64() {
                Some(-1) | None => String::new(),
                Some(id) => id.to_string(),
            };
            format!("{file} to {}:{}", id("uid"), id("gid"))
        }
        "open" => format!("{file}{}", flags(&event["file"]["flags"])),
        "setxattr" | "removexattr" => format!("{file} {}", word(&destination["attribute_name"])),
        "splice" => {
            let file = if event["file"].is_object() { file } else { "between pipes".to_owned() };
            match event["tacho"]["detail"]["length"].as_u64() {
                Some(length) => format!("{file} {length} bytes"),
                None => file,
            }
        }
        "mount" => {
            let mount = &event["mount"];
            let source = event["tacho"]["detail"]["source"].as_str().or(mount["source.path"].as_str());
            let on = mount["mountpoint.path"].as_str().or(mount["mountpoint.path_error"].as_str());
            let kind = mount["fs_type"].as_str().map(|kind| format!(" ({})", escape(kind)));
            let (source, on) = (escape(source.unwrap_or("?")), escape(on.unwrap_or("?")));
            format!("{source} on {on}{}", kind.unwrap_or_default())
        }
        "umount" => match (event["file"]["path"].as_str(), event["tacho"]["detail"]["path"].as_str()) {
            (None, Some(given)) => escape(given).into_owned(),
            _ => file,
        },
        _ => return None,
    })
}

fn of_process(name: &str, event: &Value) -> Option<String> {
    let detail = &event["tacho"]["detail"];
    Some(match name {
        "fork" => format!("by {}", number(&event["process"]["ppid"])),
        "exec" => command_line(&event["process"]),
        "exit" => exit(&event["exit"]["cause"], &event["exit"]["code"]),
        "setuid" => change(event, &["uid", "euid", "fsuid"]),
        "setgid" => change(event, &["gid", "egid", "fsgid"]),
        "capset" => capabilities(event),
        "signal" => {
            let kind = match event["signal"]["type"].as_str() {
                Some("") | None => format!("signal {}", number(&detail["signal"])),
                Some(kind) => escape(kind).into_owned(),
            };
            format!("{kind} to {}", process(&event["signal"]["pid"], &event["signal"]["target"]))
        }
        "ptrace" => {
            let tracee = &event["ptrace"]["tracee"];
            let pid = if tracee["pid"].is_number() { &tracee["pid"] } else { &detail["pid"] };
            format!("{} of {}", word(&event["ptrace"]["request"]), process(pid, tracee))
        }
        "setrlimit" => format!(
            "{} {}:{} of {}",
            word(&detail["resource"]),
            number(&detail["current"]),
            number(&detail["maximum"]),
            number(&detail["pid"])
        ),
        "prctl" => match detail["text"].as_str() {
            Some(text) => format!("{} {}", word(&detail["option"]), escape(text)),
            None => format!("{} {}", word(&detail["option"]), word(&detail["args"][0])),
        },
        "syscalls" => names(event["syscalls"].as_array(), |call| &call["name"]),
        "cgroup_write" => format!("{} to {}", number(&detail["pid"]), word(&detail["path"])),
        _ => return None,
    })
}

fn of_network(name: &str, event: &Value) -> Option<String> {
    let detail = &event["tacho"]["detail"];
    Some(match name {
        "bind" | "connect" => address(event, "destination"),
        "accept" => address(event, "source"),
        "setsockopt" => {
            format!("{} {} {}", word(&detail["level"]), word(&detail["option"]), word(&detail["value"]))
        }
        "dns" => {
            let question = &event["dns"]["question"];
            let server = end(&event["network"]["destination"]);
            format!("{} {} from {server}", word(&question["type"]), word(&question["name"]))
        }
        "imds" => {
            let imds = &event["imds"];
            let key = imds["aws"]["security_credentials"]["access_key_id"].as_str();
            let about = imds["url"].as_str().or(key).map(|text| format!(" {}", escape(text)));
            let (kind, provider) = (word(&imds["type"]), word(&imds["cloud_provider"]));
            format!("{kind} {provider}{}", about.unwrap_or_default())
        }
        _ => return None,
    })
}

fn of_kernel(name: &str, event: &Value) -> Option<String> {
    let detail = &event["tacho"]["detail"];
    let file = || if event["file"].is_object() { path(&event["file"]) } else { String::new() };
    Some(match name {
        "bpf" => {
            let bpf = &event["bpf"];
            let command = match bpf["cmd"].as_str() {
                Some("") | None => format!("command {}", number(&detail["command"])),
                Some(command) => escape(command).into_owned(),
            };
            let of = [
                &bpf["program"]["program_type"],
                &bpf["map"]["map_type"],
                &bpf["program"]["name"],
                &bpf["map"]["name"],
            ];
            of.into_iter()
                .filter_map(Value::as_str)
                .fold(command, |text, more| format!("{text} {}", escape(more)))
        }
        "load_module" => {
            let from = if event["module"]["loaded_from_memory"] == Value::Bool(true) {
                "memory".to_owned()
            } else {
                path(&event["file"])
            };
            let args = names(event["module"]["argv"].as_array(), |arg| arg);
            format!("{} from {from} {args}", word(&event["module"]["name"])).trim_end().to_owned()
        }
        "unload_module" => word(&event["module"]["name"]).into_owned(),
        "mmap" => {
            let mmap = &event["mmap"];
            let access = access(&mmap["protection"]);
            format!("{access} {} bytes {}", number(&mmap["length"]), file()).trim_end().to_owned()
        }
        "mprotect" => {
            let change = &event["mprotect"];
            let (before, after) = (access(&change["vm_protection"]), access(&change["req_protection"]));
            format!("{}-{} {before} -> {after}", word(&change["vm_start"]), word(&change["vm_end"]))
        }
        "selinux" => {
            let selinux = &event["selinux"];
            if selinux["bool"].is_object() {
                format!("{} {}", word(&selinux["bool"]["name"]), word(&selinux["bool"]["state"]))
            } else if selinux["bool_commit"].is_object() {
                "booleans committed".to_owned()
            } else {
                word(&selinux["enforce"]["status"]).into_owned()
            }
        }
        "sysctl" => {
            let (name, value) = (word(&detail["name"]), word(&detail["value"]));
            match (detail["action"].as_str(), detail["old_value"].as_str()) {
                (Some("write"), Some(old)) => format!("{name} = {value} (was {})", escape(old)),
                (Some("write"), None) => format!("{name} = {value}"),
                _ => format!("{name} is {value}"),
            }
        }
        _ => return None,
    })
}

fn word(value: &Value) -> Cow<'_, str> {
    value.as_str().map_or(Cow::Borrowed("?"), escape)
}

/// A number, or the word that stands for one.
fn number(value: &Value) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        other => word(other).into_owned(),
    }
}

fn names<'a>(list: Option<&'a Vec<Value>>, name: impl Fn(&'a Value) -> &'a Value) -> String {
    let words: Vec<_> = list.into_iter().flatten().map(|element| word(name(element))).collect();
    words.join(" ")
}

/// Another process: its pid, and its name if it is known.
fn process(pid: &Value, process: &Value) -> String {
    match process["comm"].as_str() {
        Some(comm) => format!("{} ({})", number(pid), escape(comm)),
        None => number(pid),
    }
}

/// `PROT_*` or `VM_*` as `ls` would show them.
fn access(flags: &Value) -> String {
    let flags = flags.as_str().unwrap_or("");
    let has =
        |name| flags.split(" | ").any(|flag| flag.split_once('_').is_some_and(|(_, rest)| rest == name));
    [("READ", 'r'), ("WRITE", 'w'), ("EXEC", 'x')]
        .map(|(name, sign)| if has(name) { sign } else { '-' })
        .iter()
        .collect()
}

/// What a process may do now and could not before, and the reverse.
fn capabilities(event: &Value) -> String {
    let before = &event["process"]["credentials"];
    let after = &before["destination"];
    let mut text = String::new();
    for (set, sign) in [("cap_effective", ""), ("cap_permitted", "permitted ")] {
        let list = |of: &Value| -> Vec<String> {
            of[set].as_array().into_iter().flatten().map(|name| word(name).into_owned()).collect()
        };
        let (old, new) = (list(before), list(after));
        for (mark, some, others) in [('+', &new, &old), ('-', &old, &new)] {
            for name in some.iter().filter(|name| !others.contains(name)) {
                let _ = write!(text, "{}{sign}{mark}{name}", if text.is_empty() { "" } else { " " });
            }
        }
    }
    if text.is_empty() { "no change".to_owned() } else { text }
}

fn path(file: &Value) -> String {
    match (file["path"].as_str().unwrap_or(""), file["path_resolution_error"].as_str()) {
        ("", Some(error)) => format!("({})", escape(error)),
        ("", None) => "?".to_owned(),
        (path, _) => escape(path).into_owned(),
    }
}

fn flags(flags: &Value) -> String {
    let words: Vec<_> =
        flags.as_array().into_iter().flatten().filter_map(Value::as_str).map(escape).collect();
    if words.is_empty() { String::new() } else { format!("  {}", words.join("|")) }
}

fn change(event: &Value, keys: &[&str]) -> String {
    let credentials = &event["process"]["credentials"];
    let mut text = String::new();
    for key in keys {
        if let (Some(before), Some(after)) =
            (credentials[*key].as_u64(), credentials["destination"][*key].as_u64())
            && before != after
        {
            let _ = write!(text, "{}{key} {before} -> {after}", if text.is_empty() { "" } else { ", " });
        }
    }
    if text.is_empty() { "no change".to_owned() } else { text }
}

fn address(event: &Value, other: &str) -> String {
    let detail = &event["tacho"]["detail"];
    if let Some(path) = detail["path"].as_str() {
        return format!("unix {}", escape(path));
    }
    let address = if detail["addr"].is_object() { &detail["addr"] } else { &event["network"][other] };
    let family = escape(address["family"].as_str().unwrap_or(""));
    let end = end(address);
    if end.is_empty() { family.into_owned() } else { end }
}

/// `IP:PORT`; empty if there is no address.
fn end(address: &Value) -> String {
    match (address["ip"].as_str().unwrap_or(""), address["port"].as_u64()) {
        ("" | "<nil>", _) => String::new(),
        (ip, port) => {
            let ip = escape(ip);
            let bare = ip.split('/').next().unwrap_or("");
            let port = port.unwrap_or(0);
            if bare.contains(':') { format!("[{bare}]:{port}") } else { format!("{bare}:{port}") }
        }
    }
}

/// The end of a process in words.
#[must_use]
pub fn exit(cause: &Value, code: &Value) -> String {
    let code = code.as_u64().unwrap_or(0);
    match cause.as_str() {
        Some("EXITED") => format!("status {code}"),
        Some("SIGNALED") => format!("killed by {}", signal(code)),
        Some("COREDUMPED") => format!("killed by {} (core dumped)", signal(code)),
        _ => "ended, unseen".to_owned(),
    }
}

/// Name of a signal; its number if it has none.
fn signal(number: u64) -> Cow<'static, str> {
    match u32::try_from(number).map_or("", signal_name) {
        "" => Cow::Owned(format!("signal {number}")),
        name => Cow::Borrowed(name),
    }
}
