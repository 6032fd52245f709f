//! `wcced requests` and `wcced revoke`.

use serde_json::Value;
use wcce::client::Outcome;

use crate::demo::{Access, Demo, enroll, request, text, wcced};

fn run(demo: &Demo, command: &str, arguments: &[&str]) -> String {
    let output = wcced(&[&[command, "--config", &demo.config()][..], arguments].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn rows(demo: &Demo, arguments: &[&str]) -> Vec<Value> {
    let listed = run(demo, "requests", &[&["--json"], arguments].concat());
    listed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn ids(rows: &[Value]) -> Vec<u64> {
    rows.iter().map(|row| row["Request.RequestID"].as_u64().expect("a number")).collect()
}

/// Four requests: issued, denied, issued, denied; then the server is stopped.
async fn four_requests(demo: &Demo) -> Vec<u8> {
    let server = demo.start();
    let mut client = server.connect(&Access::of(demo)).await.expect("connected");
    let mut first = None;
    for _ in 0..2 {
        let answer = enroll(&mut client).await.expect("answered");
        let Outcome::Issued { certificate, .. } = answer.outcome else { panic!("{answer:?}") };
        first.get_or_insert(certificate);
        let (pkcs10, attributes) = request("WebServer");
        client.submit(&pkcs10, &attributes).await.expect("answered");
    }
    let output = wcced(&["requests", "--config", &demo.config()]);
    assert_eq!(output.status.code(), Some(1), "the server has it open");
    assert!(text(&output.stderr).contains("stop wcced first"), "{}", text(&output.stderr));
    server.terminate();
    first.expect("issued")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_request_table_is_shown_in_pages_and_by_disposition_and_requester() {
    let demo = Demo::new();
    let certificate = four_requests(&demo).await;
    let all = rows(&demo, &[]);
    assert_eq!(ids(&all), [1, 2, 3, 4]);
    assert_eq!(all[0]["Request.RequesterName"], r"WCCE\alice");
    assert_eq!(all[0]["RawCertificate"], hex::encode(&certificate));
    assert_eq!(all[0]["Request.Disposition"], 20);
    assert_eq!(all[1]["Request.StatusCode"], 0x8009_4012_u32);
    assert!(all[1].get("SerialNumber").is_none(), "empty columns are left out");
    assert_eq!(ids(&rows(&demo, &["--limit", "2"])), [1, 2]);
    assert_eq!(ids(&rows(&demo, &["--after", "2", "--limit", "1"])), [3]);
    assert_eq!(ids(&rows(&demo, &["--after", "4"])), [] as [u64; 0]);
    assert_eq!(ids(&rows(&demo, &["--disposition", "denied"])), [2, 4]);
    assert_eq!(ids(&rows(&demo, &["--id", "3"])), [3]);
    assert_eq!(ids(&rows(&demo, &["--requester", r"wcce\ALICE", "--limit", "3"])), [1, 2, 3]);
    assert_eq!(ids(&rows(&demo, &["--requester", r"WCCE\bob"])), [] as [u64; 0]);
    let listed = run(&demo, "requests", &["--disposition", "issued"]);
    assert_eq!(listed.lines().count(), 2);
    assert!(listed.contains("Issued") && listed.contains(r"WCCE\alice"), "{listed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_certificate_is_in_the_row_and_in_the_crl() {
    let demo = Demo::new();
    four_requests(&demo).await;
    let crl = demo.path("state/crl/base.crl");
    let before = std::fs::read(&crl).expect("there");
    let said = run(&demo, "revoke", &["--id", "1", "--reason", "1"]);
    assert!(said.contains("request 1 revoked"), "{said}");
    let row = rows(&demo, &["--id", "1"]).remove(0);
    assert_eq!(
        (&row["Request.Disposition"], &row["Request.RevokedReason"]),
        (&21.into(), &1.into())
    );
    let serial = hex::decode(row["SerialNumber"].as_str().expect("text")).expect("hex");
    let after = std::fs::read(&crl).expect("there");
    let holds = |crl: &[u8]| crl.windows(serial.len()).any(|window| window == serial);
    assert!(holds(&after) && !holds(&before));
    // Once more: another reason and date ([MS-CSRA] 3.1.4.1.8).
    run(&demo, "revoke", &["--id", "1", "--reason", "4"]);
    assert_eq!(rows(&demo, &["--id", "1"])[0]["Request.RevokedReason"], 4);
    for (id, reason) in [("2", "no certificate"), ("9", "no request 9")] {
        let refused = wcced(&["revoke", "--config", &demo.config(), "--id", id]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(text(&refused.stderr).contains(reason), "{}", text(&refused.stderr));
    }
}
