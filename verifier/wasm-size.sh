#!/bin/sh
# Builds the verifier where there is no std, as far as this machine's toolchain allows, and prints
# the size of the WebAssembly module. Each line says what was done or what was missing; the exit
# status is 1 only when something that could be built fails.
#
# A target's core and alloc come from the toolchain (`rustup target add`), or are built from
# the library source when the toolchain has it (rustup's component `rust-src`; on Debian the package
# `rust-web-src` beside `rustc-web`, with RUSTC pointing to that compiler). LLD names the linker for
# wasm when rust-lld is not in the compiler's sysroot.
set -u
cd "$(dirname "$0")" || exit 1
rustc=${RUSTC:-rustc}
out=$(cd .. && pwd)/target/no-std
log=$out/log.txt
mkdir -p "$out"
cp ../Cargo.lock wasm/Cargo.lock
failed=0

# Prints the cargo options that give `$1` a core and alloc; fails when nothing does.
target_options() {
    libdir=$("$rustc" --print target-libdir --target "$1" 2>/dev/null) || return 1
    if ls "$libdir"/libcore-*.rlib >/dev/null 2>&1; then
        return 0
    fi
    if [ -f "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library/core/Cargo.toml" ]; then
        echo "-Zbuild-std=core,alloc"
        return 0
    fi
    return 1
}

# Runs cargo quietly; on failure shows the end of what it said.
build() {
    what=$1
    shift
    bootstrap=
    case "$*" in *-Zbuild-std*) bootstrap=RUSTC_BOOTSTRAP=1 ;; esac
    # shellcheck disable=SC2086
    if env $bootstrap CARGO_TERM_COLOR=never cargo "$@" >"$log" 2>&1; then
        return 0
    fi
    echo "$what: FAILED"
    tail -n 15 "$log"
    failed=1
    return 1
}

bytes() {
    wc -c <"$1" | tr -d ' '
}

echo "compiler: $("$rustc" --version)"

# The panic handler in wasm/ clashes with std's, so this builds only if nothing links std.
if build "host, no std" rustc --manifest-path wasm/Cargo.toml --release --crate-type staticlib \
    --target-dir "$out"; then
    echo "host, no std: built as a static library with its own panic handler"
fi

target=thumbv7em-none-eabi
if options=$(target_options $target); then
    # shellcheck disable=SC2086
    if build "$target" build --manifest-path ../Cargo.toml -p meed-verifier --release \
        --target $target --target-dir "$out" $options; then
        echo "$target: built meed-verifier"
    fi
else
    echo "$target: MISSING (no core for it in the toolchain, and no library source)"
fi

target=wasm32-unknown-unknown
if options=$(target_options $target); then
    lld=${LLD:-$("$rustc" --print sysroot)/lib/rustlib/$("$rustc" -vV | sed -n 's/^host: //p')/bin/rust-lld}
    if [ ! -x "$lld" ]; then
        lld=$(command -v rust-lld || command -v wasm-ld || command -v lld || echo rust-lld)
    fi
    # shellcheck disable=SC2086
    if CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$lld \
        build "$target" build --manifest-path wasm/Cargo.toml --release \
        --target $target --target-dir "$out" $options; then
        module=$out/$target/release/meed_verifier_wasm.wasm
        echo "$target: $(bytes "$module") bytes"
        if command -v wasm-opt >/dev/null 2>&1; then
            wasm-opt -Oz --enable-bulk-memory --enable-sign-ext --enable-mutable-globals \
                --enable-nontrapping-float-to-int "$module" -o "$out/optimised.wasm" \
                && module=$out/optimised.wasm \
                && echo "$target: $(bytes "$module") bytes after wasm-opt -Oz"
        else
            echo "$target: wasm-opt MISSING, size is the compiler's"
        fi
        gzip -9 -c "$module" >"$out/module.wasm.gz" \
            && echo "$target: $(bytes "$out/module.wasm.gz") bytes as gzip"
        if command -v brotli >/dev/null 2>&1; then
            brotli -f -q 11 -o "$out/module.wasm.br" "$module" \
                && echo "$target: $(bytes "$out/module.wasm.br") bytes as brotli"
        fi
        if command -v node >/dev/null 2>&1; then
            node wasm/check.mjs "$module" tests/golden/proof.txt || failed=1
        else
            echo "$target: node MISSING, the module was not run"
        fi
    fi
else
    echo "$target: MISSING (no core for it in the toolchain, and no library source)"
fi
exit $failed
