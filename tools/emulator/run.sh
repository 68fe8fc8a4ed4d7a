#!/bin/bash
# Runs a statically linked x86-64 Linux binary on an emulated processor with AVX-512 IFMA: a Debian kernel,
# booted in Bochs, whose only process is the binary. Usage, settings and times: README.md beside this file.
#   tools/emulator/run.sh BINARY [ARGUMENTS...]
# Prints the binary's output and exits with its code, or with 77 when the emulator or a package cannot be had,
# 124 past the time limit, 70 when the emulated machine failed, 64 when called wrongly.
set -euo pipefail
[ $# -ge 1 ] && [ -f "$1" ] || { echo "usage: $0 BINARY [ARGUMENTS...]" >&2; exit 64; }
binary=$(realpath "$1"); shift
here=$(dirname "$(realpath "$0")")
cache=${EMULATOR_CACHE:-$here/../../target/emulator}
limit=${EMULATOR_TIMEOUT:-600} # seconds
memory=${EMULATOR_MEMORY:-512} # MiB
# The processors that Bochs 2.7 calls corei7_icelake_u and tigerlake have IFMA too, but the kernel dies on them.
cpu=${EMULATOR_CPU:-corei3_cnl}
missing() { echo "$0: $1" >&2; exit 77; }
failed() { echo "$0: $1" >&2; tail -n 20 console >&2; exit 70; }

command -v bochs >/dev/null && [ -n "$(find /usr/lib/*/bochs /usr/lib/bochs -name 'libbx_term_gui.so' 2>/dev/null)" ] &&
  [ -f /usr/share/bochs/BIOS-bochs-latest ] && [ -f /usr/share/vgabios/vgabios.bin ] ||
  missing "no Bochs: apt-get install --no-install-recommends bochs bochs-term bochsbios vgabios"
grep -qx "$cpu" <<<"$(bochs --help cpu 2>&1 </dev/null)" || missing "this Bochs has no processor $cpu"

# What runs in the machine is fetched and unpacked, never installed: installing a kernel would touch this machine's
# boot files, and busybox-static displaces busybox. Unpacked aside and renamed, so that no run sees half of it.
mkdir -p "$cache"; cache=$(realpath "$cache"); guest=$cache/guest
if [ ! -d "$guest" ]; then
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || missing "no apt-get and dpkg-deb: this needs Debian's packages"
  new=$(mktemp -d "$cache/new.XXXXXX"); trap 'rm -rf "$new"' EXIT
  kernel=$(LC_ALL=C apt-cache depends linux-image-cloud-amd64 2>/dev/null | sed -n 's/^ *Depends: *\(linux-image-[0-9]\)/\1/p' || true)
  [ -n "$kernel" ] || missing "apt knows no linux-image-cloud-amd64: apt-get update (Debian)"
  (cd "$new" && apt-get -q download "$kernel" busybox-static isolinux syslinux-common genisoimage) >"$new/log" 2>&1 ||
    { cat "$new/log" >&2; missing "cannot download the packages above: try apt-get update"; }
  for package in "$new"/*.deb; do dpkg-deb -x "$package" "$new/tree"; done
  mkdir "$new/guest"; cp "$new"/tree/boot/vmlinuz-* "$new/guest/vmlinuz"
  cp "$new"/tree/{bin/busybox,usr/lib/ISOLINUX/isolinux.bin,usr/lib/syslinux/modules/bios/ldlinux.c32,usr/bin/genisoimage} "$new/guest"
  mv -T "$new/guest" "$guest" 2>/dev/null || [ -d "$guest" ] # the other run of two was first
  rm -rf "$new"
fi
mkiso=$(command -v genisoimage || echo "$guest/genisoimage")
"$mkiso" --version >/dev/null 2>&1 || missing "no working genisoimage: apt-get install genisoimage"

work=$(mktemp -d "$cache/run.XXXXXX"); bochs=
trap '[ -z "$bochs" ] || { kill -KILL "$bochs"; wait "$bochs"; } 2>/dev/null || true; rm -rf "$work"' EXIT # it ignores SIGTERM
trap 'exit 130' INT; trap 'exit 143' TERM
cd "$work"; mkdir -p root/{bin,proc,dev,tmp} iso; touch console stdout stderr status

# The machine's first process. Four serial ports keep what it says apart: the console, the binary's two outputs, and
# its exit code, which is written only after the outputs have been closed, so have left the machine.
cp "$guest/busybox" root/bin/; strip -g -o root/binary "$binary" 2>/dev/null || cp "$binary" root/binary # small boots faster
quoted() { printf "'%s' " "$(sed "s/'/'\\\\''/g" <<<"$1")"; }
{ for name in ${EMULATOR_PASS:-RUST_BACKTRACE RUST_TEST_THREADS RUST_LOG}; do
    [ -z "${!name+set}" ] || { printf 'export %s=' "$name"; quoted "${!name}"; echo; }
  done
  printf 'exec /binary '; for argument; do quoted "$argument"; done; echo; } >root/command
cat >root/init <<'INIT'
#!/bin/busybox sh
export PATH=/bin HOME=/tmp
busybox mount -t proc proc /proc; busybox mount -t devtmpfs dev /dev
for port in 1 2 3; do busybox stty -F /dev/ttyS$port raw 115200; done
if busybox grep -qw avx512ifma /proc/cpuinfo
then busybox sh /command </dev/null >/dev/ttyS1 2>/dev/ttyS2; echo $? >/dev/ttyS3
else echo "no avx512ifma" >/dev/ttyS3; fi
while :; do busybox sleep 1000; done
INIT
chmod +x root/init root/binary
(cd root && find . | ./bin/busybox cpio -o -H newc >../iso/initrd 2>/dev/null)

# Bochs counts one cycle to an instruction, so the kernel is told that rate (tsc_early_khz) instead of what CPUID says.
# clearcpuid: Bochs 2.7 gives wrong sizes for PKRU and for compacted XSAVE areas, on which the kernel would turn off AVX;
# it has no APERF and MPERF. The blacklist is of start-up work (tracing, BTF) that would take half the time of the boot.
skip=ftrace_check_for_weak_functions,tracer_init_tracefs,init_kprobe_trace,init_blk_tracer,cubictcp_register,bpf_rstat_kfunc_init
skip+=,kfunc_init,bpf_key_sig_kfuncs_init,bpf_prog_test_run_init,bpf_tcp_ca_kfunc_init,load_system_certificate_list,slab_sysfs_init
cp "$guest"/{vmlinuz,isolinux.bin,ldlinux.c32} iso/
cat >iso/isolinux.cfg <<BOOT
default linux
label linux
 kernel vmlinuz
 append initrd=initrd console=ttyS0,115200 quiet acpi=off nokaslr mitigations=off tsc=reliable tsc_early_khz=20000 clearcpuid=pku,xsaves,xsavec,aperfmperf cryptomgr.notests ipv6.disable=1 initcall_blacklist=$skip
BOOT
"$mkiso" -quiet -o boot.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table iso
cat >bochsrc <<BOCHS
config_interface: textconfig
display_library: term
cpu: model=$cpu, count=1, ips=20000000
memory: guest=$memory, host=$memory
romimage: file=/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=/usr/share/vgabios/vgabios.bin
vga: realtime=0, update_freq=1
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
log: bochs.log
panic: action=fatal
error: action=ignore
info: action=ignore
com1: enabled=1, mode=file, dev=console
com2: enabled=1, mode=file, dev=stdout
com3: enabled=1, mode=file, dev=stderr
com4: enabled=1, mode=file, dev=status
BOCHS
echo c >continue # Debian's Bochs has a debugger in it, which waits for this
TERM=vt100 bochs -q -f bochsrc -rc continue </dev/null >screen 2>&1 & bochs=$!

SECONDS=0 code=
until [ -s status ]; do
  kill -0 "$bochs" 2>/dev/null || { tail -n 5 screen bochs.log >&2; failed "Bochs stopped"; }
  ! grep -q 'Kernel panic' console || failed "the emulated kernel stopped"
  [ "$SECONDS" -lt "$limit" ] || { code=124; echo "$0: not done after $limit s" >&2; break; }
  sleep 0.2
done
[ -n "$code" ] || { sleep 0.2; code=$(cat status); }
cat stdout; cat stderr >&2
case $code in *[!0-9]*) failed "the emulated machine has $code" ;; esac
exit "$code"
