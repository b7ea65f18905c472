//! Senders that number their messages: what they are told in MSA-4, and that the others notice
//! nothing. What is kept of the numbers is the store's business.

use tokio::io::DuplexStream;

use crate::client::Client;
use crate::messages::{NORTH, admission};
use crate::rig::Rig;

fn rig() -> Rig {
    let zone = "zone = ";
    Rig::with_senders(&NORTH.replace(zone, &format!("sequence_numbers = true\n    {zone}")))
}

/// An admission with this in MSH-13; without content for 0 and -1.
fn numbered(control_id: &str, number: &str) -> String {
    let message = admission(control_id).replace("|P|2.5.1|||", &format!("|P|2.5.1|{number}||"));
    if matches!(number, "0" | "-1") {
        return message.split_inclusive('\r').take(1).collect();
    }
    message
}

/// MSA-1, MSA-2, MSA-4 and the first ERR of the answer.
async fn ask(client: &mut Client<DuplexStream>, message: String) -> [String; 4] {
    client.send(message).await;
    let text = client.answer_text().await.unwrap();
    let line = |name: &str| {
        let line = text.split('\r').find(|line| line.starts_with(name));
        line.unwrap_or_default().to_owned()
    };
    let field = |number: usize| {
        let msa = line("MSA");
        msa.split('|').nth(number).unwrap_or_default().to_owned()
    };
    [field(1), field(2), field(4), line("ERR")]
}

#[tokio::test]
async fn numbers_are_echoed_and_orders_are_told_what_is_expected() {
    let rig = rig();
    let mut client = rig.connect();
    let told = |code: &str, id: &str, number: &str| [code, id, number, ""].map(str::to_owned);
    assert_eq!(
        ask(&mut client, numbered("N1", "0")).await,
        told("AA", "N1", "-1")
    );
    assert_eq!(
        ask(&mut client, numbered("N2", "17")).await,
        told("AA", "N2", "17")
    );
    assert_eq!(
        ask(&mut client, numbered("N3", "18")).await,
        told("AA", "N3", "18")
    );
    assert_eq!(
        ask(&mut client, numbered("N4", "0")).await,
        told("AA", "N4", "19")
    );
    assert_eq!(
        ask(&mut client, numbered("N5", "-1")).await,
        told("AA", "N5", "-1")
    );
    assert_eq!(
        ask(&mut client, numbered("N6", "3")).await,
        told("AA", "N6", "3")
    );
    assert_eq!(rig.intake.stored().len(), 3, "orders are no messages");
}

#[tokio::test]
async fn a_gap_is_refused_with_its_place_and_the_expected_number() {
    let rig = rig();
    let mut client = rig.connect();
    ask(&mut client, numbered("N1", "5")).await;
    let [code, id, expected, error] = ask(&mut client, numbered("N2", "7")).await;
    assert_eq!([&*code, &*id, &*expected], ["AE", "N2", "6"]);
    assert!(error.starts_with("ERR||MSH^1^13|207"), "{error}");
    let enhanced = numbered("N3", "7").replace("||||||\rEVN", "|||||\rEVN");
    let enhanced = enhanced.replace("|P|2.5.1|7||", "|P|2.5.1|7||AL");
    let [code, _, expected, _] = ask(&mut client, enhanced).await;
    assert_eq!([&*code, &*expected], ["CE", "6"]);
    assert_eq!(rig.intake.stored().len(), 1);
    assert_eq!(ask(&mut client, numbered("N2", "6")).await[0], "AA");
}

#[tokio::test]
async fn what_is_no_number_or_an_order_with_content_is_refused() {
    let rig = rig();
    let mut client = rig.connect();
    let [code, _, _, error] = ask(&mut client, admission("N1")).await;
    assert_eq!(code, "AE");
    assert!(error.starts_with("ERR||MSH^1^13|101"), "{error}");
    let [code, _, _, error] = ask(&mut client, numbered("N2", "x")).await;
    assert_eq!(code, "AR");
    assert!(error.starts_with("ERR||MSH^1^13|102"), "{error}");
    let content = numbered("N3", "5").replace("|P|2.5.1|5|", "|P|2.5.1|0|");
    let [code, _, _, error] = ask(&mut client, content).await;
    assert_eq!(code, "AR");
    assert!(error.starts_with("ERR||EVN^1|100"), "{error}");
    assert!(rig.intake.stored().is_empty());
}

#[tokio::test]
async fn numbers_of_senders_that_did_not_ask_for_it_mean_nothing() {
    let rig = Rig::new();
    let mut client = rig.connect();
    for (id, number) in [("N1", "5"), ("N2", "9"), ("N3", "x")] {
        let [code, _, expected, _] = ask(&mut client, numbered(id, number)).await;
        assert_eq!([&*code, &*expected], ["AA", ""]);
    }
    assert_eq!(rig.intake.stored().len(), 3);
}
