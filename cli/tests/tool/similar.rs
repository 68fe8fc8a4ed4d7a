//! `meed registry similar`.

use super::world::{owner, World};

fn birds(rows: std::ops::Range<u32>) -> String {
    rows.map(|i| format!("bird {i}, seen at {} near pond {}\n", i * 7, i % 13)).collect()
}

#[test]
fn copies_are_found_with_the_edge_to_add() {
    let w = World::empty();
    w.file("birds.csv", format!("what\n{}", birds(0..100)));
    w.file("fish.csv", format!("what\n{}", birds(100..200).replace("bird", "fish")));
    w.file("upload/final.txt", birds(0..100).to_uppercase());
    let said = w.run(&["registry", "similar", "fish.csv", "birds.csv", "upload"]);
    said.expect(0, &["1 pair alike", "--edge birds:10000", "100.0 %", "reading datasets .. done"]);
    let rows = [
        format!("fish,dataset,{},fish.csv,0,\n", owner(0)),
        format!("birds,dataset,{},birds.csv,0,\n", owner(1)),
    ];
    w.assets(&rows.concat());
    let json = w.run(&["--json", "registry", "similar", "--from", "assets.csv", "upload"]).json();
    assert_eq!(json["pairs"].as_array().unwrap().len(), 1);
    let pair = &json["pairs"][0];
    assert_eq!((&pair["edge"], &pair["owed_bps"]), (&"birds:10000".into(), &().into()));
    assert_eq!((&pair["later"]["name"], &pair["rows"]["value"]), (&"upload".into(), &1.0.into()));

    // The edge goes into the list as it was proposed; then it is owed already.
    w.assets(&format!("{}upload,dataset,{},upload,0,birds:10000\n", rows.concat(), owner(2)));
    let said = w.run(&["registry", "similar", "--from", "assets.csv"]);
    said.expect(0, &["owes 10000 already"]);
}

#[test]
fn what_cannot_be_compared_is_told() {
    let w = World::empty();
    w.file("a.csv", "x\n");
    w.run(&["registry", "similar"]).expect(2, &["required"]);
    w.run(&["registry", "similar", "a.csv"]).expect(2, &["at least two datasets, got 1"]);
    w.run(&["registry", "similar", "a.csv", "b.csv"]).expect(4, &["cannot read b.csv"]);
    for bad in ["0", "1.5", "NaN", "x"] {
        let threshold = ["registry", "similar", "a.csv", "a.csv", "--threshold", bad];
        w.run(&threshold).expect(2, &["expected a share above 0, at most 1"]);
    }
    w.file("empty/none/x", "");
    w.file("e.csv", "");
    let said = w.run(&["registry", "similar", "a.csv", "e.csv"]);
    said.expect(0, &["0 pairs alike", "2 datasets have no row"]);
    w.file("assets.csv", "name,kind\n");
    w.run(&["registry", "similar", "--from", "assets.csv"]).expect(3, &["assets.csv, line 1"]);
}
