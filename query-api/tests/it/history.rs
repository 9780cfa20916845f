//! What becomes of processes over time: `/processes/{id}`, `/processes?parent=`, `/tree` of moments and spans.

use event::Detail;
use event::{Kind, context_flags};
use serde_json::{Value, json};

use crate::lives::{Lives, at, date, get, pages};

fn words<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|one| one[name].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_life_has_its_images_credentials_parents_and_end() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    let shell = lives.fork(1, &init, 10);
    let sudo = lives.fork(2, &shell, 20);
    let sudo = lives.exec(3, &sudo, "/usr/bin/sudo");
    let root = lives.change(4, &sudo, |context| {
        context.credentials.uid = 0;
        context.credentials.euid = 5;
        context.credentials.cap_effective = 3;
        context.flags = context_flags::CREDENTIALS_CHANGE;
    });
    lives.exit(5, &shell);
    let tool = lives.change(6, &root, |context| context.ppid = 1);
    let tool = lives.exec(6, &tool, "/usr/bin/id");
    lives.exit(9, &tool);
    let app = lives.app();
    let life = get(&app, &format!("/processes/{}", sudo.process)).await;
    let images: Vec<_> =
        life["images"].as_array().unwrap().iter().map(|one| &one["executable"]["path"]).collect();
    assert_eq!(images, ["/usr/bin/sudo", "/usr/bin/id"]);
    assert_eq!(words(&life["states"], "by"), ["fork", "exec", "credentials", "other", "exec"]);
    assert_eq!(words(&life["states"], "since"), [date(2), date(3), date(4), date(6), date(6)]);
    let changed = &life["states"][2];
    assert_eq!(changed["changed"], json!(["euid", "cap_effective"]));
    assert_eq!(changed["credentials"]["cap_effective"], json!(["CAP_CHOWN", "CAP_DAC_OVERRIDE"]));
    assert!(life["states"][3].get("credentials").is_none());
    assert_eq!(
        life["parents"],
        json!([
            {"since": date(2), "ppid": 10, "id": shell.process.to_string()},
            {"since": date(6), "ppid": 1, "id": init.process.to_string()},
        ])
    );
    assert_eq!(life["orphaned"], date(5));
    assert_eq!((&life["parent"], &life["exit"]["time"]), (&json!("recorded"), &json!(date(9))));
    assert_eq!((&life["complete"], &life["children"]["count"]), (&json!(true), &json!(0)));
}

#[tokio::test]
async fn the_exec_of_a_thread_is_an_image_of_its_process() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    let worker = lives.fork(1, &init, 10);
    let image = lives.exec(2, &worker, "/usr/bin/true");
    // The thread that called it takes the leader's place.
    lives.event(2, &image, Kind::Syscalls, Detail::Syscalls { numbers: vec![59] }).tid = 11;
    let app = lives.app();
    assert_eq!(pages(&app, "/processes?pid=11", "processes").await, Vec::<Value>::new());
    let found = pages(&app, "/processes?pid=10", "processes").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["images"][0]["executable"]["path"], "/usr/bin/true");
}

#[tokio::test]
async fn children_by_the_thousand_are_counted_and_paged() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    let make = lives.fork(1, &init, 2);
    let mut expected = Vec::new();
    for number in 0..2_500 {
        let child = lives.fork(2 + number / 100, &make, 100 + number as u32);
        expected.push(child.process.to_string());
        lives.exit(2 + number / 100, &child);
    }
    expected.sort();
    let app = lives.app();
    let life = get(&app, &format!("/processes/{}", make.process)).await;
    assert_eq!(life["children"]["count"], 2_500);
    let url = life["children"]["url"].as_str().unwrap();
    let mut found: Vec<_> = pages(&app, &format!("{url}&limit=900"), "processes").await;
    found.sort_by_key(|one| one["id"].as_str().unwrap().to_owned());
    assert_eq!(found.iter().map(|one| one["id"].as_str().unwrap()).collect::<Vec<_>>(), expected);
    // The tree of them goes on as well; who is below whom is told by `parent_id` on later pages.
    let tree = get(&app, "/tree?limit=2000").await;
    assert_eq!(tree["complete"], false);
    let rest = get(&app, &format!("/tree?limit=2000&cursor={}", tree["next"].as_str().unwrap())).await;
    let roots = rest["roots"].as_array().unwrap();
    assert_eq!(roots.len(), 2_502 - 2_000);
    assert!(roots.iter().all(|root| root["process"]["parent_id"] == make.process.to_string()));
    assert!(roots.iter().all(|root| root["above"] == "outside"));
    assert_eq!((&rest["next"], &rest["complete"]), (&Value::Null, &json!(true)));
}

#[tokio::test]
async fn a_pid_that_is_used_again_is_another_process_also_after_a_reboot() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    let first = lives.fork(1, &init, 500);
    let of_first = lives.fork(2, &first, 600);
    lives.exit(3, &of_first);
    lives.exit(4, &first);
    let second = lives.fork(5, &init, 500);
    let of_second = lives.fork(6, &second, 600);
    let mut lives = lives.reboot();
    let init = lives.met(100, 1, 0);
    // The same start since boot as the first one's.
    let mut third = lives.fork(101, &init, 500);
    third = lives.change(102, &third, |context| context.process.start = first.process.start);
    let of_third = lives.fork(103, &third, 600);
    let app = lives.app();
    for (creator, child) in [(&first, &of_first), (&second, &of_second), (&third, &of_third)] {
        let children = pages(&app, &format!("/processes?parent={}", creator.process), "processes").await;
        assert_eq!(words(&json!(children), "id"), [child.process.to_string()]);
        let tree = get(&app, &format!("/tree?process={}", creator.process)).await;
        assert_eq!(tree["roots"][0]["children"][0]["process"]["id"], child.process.to_string());
        assert_eq!(tree["roots"][0]["children"].as_array().unwrap().len(), 1);
    }
    for (moment, alive) in [(2, Some(&first)), (6, Some(&second)), (104, Some(&third))] {
        let tree = get(&app, &format!("/tree?at={}", date(moment))).await;
        let text = tree.to_string();
        for one in [&first, &second, &third] {
            let there = alive.is_some_and(|alive| alive.process == one.process);
            assert_eq!(text.contains(&format!("\"id\":\"{}\"", one.process)), there, "{moment}");
        }
    }
    // Nobody outlives a boot, also if nobody saw the end.
    let life = get(&app, &format!("/processes/{}", second.process)).await;
    assert_eq!(
        life["exit"],
        json!({"time": event::render::Date(at(100)).to_string(), "cause": null, "code": null})
    );
    assert_eq!(get(&app, &format!("/processes/{}", third.process)).await["exit"], Value::Null);
}

#[tokio::test]
async fn a_tree_over_a_span_marks_who_came_and_went() {
    let mut lives = Lives::new();
    let init = lives.met(0, 1, 0);
    let orphan = lives.met(0, 7, 1);
    let daemon = lives.fork(1, &init, 10);
    let worker = lives.fork(5, &daemon, 20);
    lives.exit(6, &worker);
    let late = lives.fork(20, &daemon, 30);
    let app = lives.app();
    let tree = get(&app, &format!("/tree?since={}&until={}", date(4), date(10))).await;
    let text = tree.to_string();
    assert!(!text.contains(&late.process.to_string()));
    let roots = tree["roots"].as_array().unwrap();
    let root = |pid| roots.iter().find(|root| root["process"]["pid"] == pid).unwrap();
    // Pid 1 was met running: when it came is not known. Who created the other one is not known, though a parent is named.
    assert_eq!(
        (&root(1)["above"], &root(1)["came"], &root(1)["went"]),
        (&json!("none"), &Value::Null, &json!(false))
    );
    assert_eq!((&root(7)["above"], &root(7)["process"]["ppid"]), (&json!("unknown"), &json!(1)));
    assert_eq!(root(7)["process"]["id"], orphan.process.to_string());
    let daemon_node = &root(1)["children"][0];
    assert_eq!((&daemon_node["came"], &daemon_node["went"]), (&json!(false), &json!(false)));
    let worker_node = &daemon_node["children"][0];
    assert_eq!((&worker_node["came"], &worker_node["went"]), (&json!(true), &json!(true)));
    assert!(worker_node.get("above").is_none());
    let moment = get(&app, &format!("/tree?at={}", date(5))).await;
    assert!(moment["roots"][0].get("came").is_none());
}
