#!/bin/sh
# Makes fixture/: a small network's first epoch, settled and proved by meed itself in shape XS under the
# local set-up's key, for chain 1 and a contract of repeated 5e. The proof has fresh randomness, so its
# bytes differ at each run; everything else comes out the same. Needs node, for one JSON file.
#
# MEED names a built program; without it, cargo builds one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ -z "${MEED:-}" ]; then
    meed() { cargo run --quiet --release --locked --manifest-path "$here/../../Cargo.toml" -p meed -- "$@"; }
else
    meed() { "$MEED" "$@"; }
fi
cd "$work"

account() { printf '0x%040x' "$1"; }
contract=0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e
meed init net --platform "$(account 41215)" --min-payout 100
mkdir data
for name in poems essays chat model; do echo "$name" >"data/$name.txt"; done
cat >assets.csv <<EOF
name,kind,owner,path,penalty_bps,edges
poems,dataset,$(account 40961),data/poems.txt,0,
essays,dataset,$(account 40962),data/essays.txt,0,poems:3000
chat,service,$(account 40963),data/chat.txt,0,
model,model,$(account 40964),data/model.txt,0,essays:500
EOF
meed -p net registry add --from assets.csv
printf 'id,fee,service,model\n%032x,100000,chat,model\n%032x,50000,chat,model\n' 1 2 >events.csv
printf 'event,asset,score\n0,poems,1.5\n0,essays,0.5\n1,essays,2\n' >scores.csv
meed -p net scores import scores.csv --events events.csv
meed -p net commit
meed -p net settle
meed setup XS --insecure-local
meed -p net prove --chain-id 1 --contract "$contract" --out bundle
meed export key keys/meed-groth16-XS.vk.json --out key
meed verify bundle --key key/verifying_key.bin --chain-id 1 --contract "$contract" --epoch 1

mkdir -p "$here/fixture"
cp key/verifying_key.bin "$here/fixture/key.bin"
cp bundle/proof.bin "$here/fixture/proof.bin"
node -e '
const { readFileSync, writeFileSync } = require("node:fs");
const { words, h, domain } = JSON.parse(readFileSync("bundle/public.json", "utf8"));
const bytes = (list) => Buffer.concat(list.map((text) => Buffer.from(text.slice(2), "hex")));
const [, to] = process.argv;
writeFileSync(`${to}/words.bin`, bytes(words));
writeFileSync(`${to}/h.bin`, bytes([h]));
writeFileSync(`${to}/domain.bin`, bytes([domain.chain_id, domain.contract]));
' "$here/fixture"
wc -c "$here"/fixture/*.bin
