//! A disk that is full: a file system of a fixed size where the kernel allows one, and files that cannot
//! grow.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::child::Running;
use super::lab::{lab, Lab};
use super::processes::{Client, Deployment, Process};

/// As many submissions are tried.
const MANY: usize = 60;

/// Database and store of a deployment on a file system of a fixed size. It is mounted in a namespace of
/// its own, where the deployment's processes run; it goes with this value.
struct Disk {
    holder: Running,
}

impl Disk {
    /// `None` where the kernel does not allow it.
    fn mount(d: &Deployment, kilobytes: u32) -> Option<Self> {
        let folder = d.path("disk");
        std::fs::create_dir(&folder).expect("a folder");
        let script = format!(
            "mount -t tmpfs -o size={kilobytes}k meed-test \"$0\" && echo mounted && exec sleep 3600"
        );
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &script]).arg(&folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut holder = Running::start(&mut command);
        let mut line = String::new();
        let out = holder.stdout.take().expect("a pipe");
        BufReader::new(out).read_line(&mut line).expect("a line");
        if line == "mounted\n" {
            return Some(Self { holder });
        }
        let err = holder.stderr.take().expect("a pipe");
        let why: Vec<String> = BufReader::new(err).lines().map_while(Result::ok).collect();
        eprintln!(
            "skipped: the kernel allows no mount in a namespace ({}); \
             files_that_cannot_grow_keep_what_was_acknowledged stands for it",
            why.join("; ")
        );
        None
    }

    /// The same command, where the disk is.
    fn inside(&self, command: &Command) -> Command {
        let mut inside = Command::new("nsenter");
        inside.args(["--preserve-credentials", "-U", "-m", "-t", &self.holder.id().to_string()]);
        // A working folder that is kept from outside would show what is below the mount.
        inside.args(["sh", "-c", "cd \"$0\" && exec \"$@\""]);
        inside.arg(command.get_current_dir().expect("a folder"));
        inside.arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        inside
    }

    fn shell(&self, d: &Deployment, script: &str) -> bool {
        let mut command = Command::new("sh");
        command.current_dir(d.path("")).args(["-c", script]);
        self.inside(&command).status().expect("it runs").success()
    }

    fn serve(&self, d: &Deployment) -> (Process, String) {
        let mut command = d.command(&["serve"]);
        command.env("MEED_SERVICE_WORKER__ENABLED", "false");
        let mut process = d.begin("serve", self.inside(&command));
        let address = process.address();
        (process, address)
    }
}

/// Submits so many, but for those that are acknowledged. Says how many were refused.
fn submit(c: &Client, lab: &Lab, acknowledged: &mut Vec<(usize, String)>, many: usize) -> usize {
    let mut refused = 0;
    for i in 0..many {
        if acknowledged.iter().any(|(known, _)| *known == i) {
            continue;
        }
        let reply = c.submit(&format!("k{i}"), &lab.body(&format!("n{i}"), 1));
        match reply.status {
            200 | 201 => {
                let id = reply.json()["id"].as_str().expect("a name").to_owned();
                acknowledged.push((i, id));
            }
            _ => refused += usize::from(reply.expect(503).status == 503),
        }
    }
    refused
}

/// Fails unless each acknowledged job can be read.
fn all_read(c: &Client, acknowledged: &[(usize, String)]) {
    for (i, id) in acknowledged {
        assert_eq!(c.job(id)["network"], format!("n{i}"));
    }
}

/// Fails unless each acknowledged job is there, and answers the same request.
fn all_there(c: &Client, lab: &Lab, acknowledged: &[(usize, String)]) {
    all_read(c, acknowledged);
    for (i, id) in acknowledged {
        let again = c.submit(&format!("k{i}"), &lab.body(&format!("n{i}"), 1));
        assert_eq!(again.expect(200).json()["id"], id.as_str());
    }
}

/// Has the last job proved; the others are cancelled.
fn last_is_proved(c: &Client, lab: &Lab, last: &str) {
    for job in c.jobs().iter().filter(|job| job["id"] != last) {
        let id = job["id"].as_str().expect("a name");
        // The worker may have been faster.
        assert!([200, 409].contains(&c.post(&format!("/v1/jobs/{id}/cancel")).status));
    }
    c.until(last, "done", 60);
    lab.verify(&c.get(&format!("/v1/jobs/{last}/bundle")).expect(200).body, 1);
}

#[test]
fn a_full_disk_keeps_what_was_acknowledged() {
    let (lab, _alone) = lab();
    let d = Deployment::new(lab, None);
    let on_disk = |name: &str| d.path("disk").join(name).display().to_string();
    let (url, store) = (format!("sqlite://{}", on_disk("queue.db")), on_disk("store"));
    let d = d.with("DATABASE__URL", &url).with("STORE__FOLDER", &store);
    let Some(disk) = Disk::mount(&d, 8_000) else { return };
    let token = d.token_by("acme", "submit,read", |command| disk.inside(&command));
    // Something else takes most of the room.
    let fill = "head -c 7000k /dev/zero > disk/other";
    assert!(disk.shell(&d, fill));
    let (api, address) = disk.serve(&d);
    let c = Client { address, token };
    let mut acknowledged = Vec::new();
    let refused = submit(&c, lab, &mut acknowledged, MANY);
    assert!(!acknowledged.is_empty() && refused > 0, "{refused} refused");
    let first = acknowledged.len();
    all_read(&c, &acknowledged);

    // Room again: the same process goes on.
    assert!(disk.shell(&d, "rm disk/other"));
    all_there(&c, lab, &acknowledged);
    assert_eq!(submit(&c, lab, &mut acknowledged, MANY), 0);
    // Full again, to the last byte, and the process is killed in it.
    disk.shell(&d, "head -c 9000k /dev/zero > disk/other 2>/dev/null");
    let refused_again = submit(&c, lab, &mut acknowledged, MANY + 20);
    assert!(refused_again > 0);
    all_read(&c, &acknowledged);
    api.kill();
    assert!(disk.shell(&d, "rm disk/other"));
    let (_api, address) = disk.serve(&d);
    let c = Client { address, ..c };
    all_there(&c, lab, &acknowledged);
    eprintln!(
        "full disk: {first} acknowledged and {refused} refused, {refused_again} refused when it was \
         full again; none of {} acknowledged jobs lost",
        acknowledged.len()
    );
    // Whoever was refused asks again, and has one job.
    assert_eq!(submit(&c, lab, &mut acknowledged, MANY + 20), 0);
    assert_eq!(c.jobs().len(), MANY + 20);
    let worker = d.command(&["worker"]);
    let _worker = d.begin("worker", disk.inside(&worker));
    let (_, last) = acknowledged.last().expect("a job");
    last_is_proved(&c, lab, last);
}

#[test]
fn files_that_cannot_grow_keep_what_was_acknowledged() {
    let (lab, _alone) = lab();
    let d = Deployment::new(lab, None);
    let token = d.token("acme", "submit,read");
    let (api, address) = d.limited_api(400);
    let c = Client { address, token };
    let mut acknowledged = Vec::new();
    let refused = submit(&c, lab, &mut acknowledged, MANY);
    assert!(!acknowledged.is_empty() && refused > 0, "{refused} refused");
    let first = acknowledged.len();
    api.kill();
    // There is room again.
    let (_api, address) = d.api();
    let c = Client { address, ..c };
    all_there(&c, lab, &acknowledged);
    assert_eq!(submit(&c, lab, &mut acknowledged, MANY), 0);
    assert_eq!(c.jobs().len(), MANY);
    eprintln!("files that cannot grow: {first} of {MANY} acknowledged, none lost");
    let _worker = d.worker(&[]);
    let (_, last) = acknowledged.last().expect("a job");
    last_is_proved(&c, lab, last);
}
