//! Recording one point, beside the other ways out of a process, and ringing for
//! the extension by datagram or by futex.
//!
//! `cargo bench --manifest-path benches/Cargo.toml --bench journal`

use std::{
    fs::File,
    hint::black_box,
    net::UdpSocket,
    os::unix::net::UnixDatagram,
    sync::atomic::{AtomicU32, Ordering},
};

use cloudvault_obs_core::{
    journal::{Draining, Journal, Layout, Reader, Writer},
    metric::{Kind, Resolution, Series, Unit},
};
use criterion::{Criterion, criterion_group, criterion_main};

fn series() -> Series {
    Series {
        namespace: "CloudVault".into(),
        name: "FilesUploaded".into(),
        dimensions: vec![("service".into(), "cloudvault".into())],
        unit: Unit::Count,
        resolution: Resolution::Standard,
        kind: Kind::Counter,
    }
}

fn one_point(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one point");
    let file: File = tempfile::tempfile().expect("a temporary file");
    let journal = Journal::create(&file, Layout::default()).expect("a journal");
    let (writer, mut reader) = (Writer::attach(&journal), Reader::attach(&journal));
    let id = writer.series(&series()).expect("room for a series");
    group.bench_function("journal", |bencher| {
        bencher.iter(|| {
            if writer
                .record(id, black_box(1.0), black_box(1_795_405_294_506))
                .is_err()
            {
                // Emptying 65,536 cells now and then is part of the price.
                reader.drain(Draining::Live, |point| {
                    black_box(point.value);
                });
                reader.release(reader.position());
            }
        });
    });

    let record = [7u8; 32];
    let (sender, receiver) = UnixDatagram::pair().expect("a socket pair");
    let drained = std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while receiver.recv(&mut buffer).is_ok_and(|length| length > 0) {}
    });
    group.bench_function("unix datagram", |bencher| {
        bencher.iter(|| sender.send(black_box(&record)))
    });
    sender.send(&[]).expect("the end");
    drained.join().expect("the receiver");

    let receiver = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let sender = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    sender
        .connect(receiver.local_addr().expect("an address"))
        .expect("a route");
    group.bench_function("udp datagram", |bencher| {
        bencher.iter(|| sender.send(black_box(&record)))
    });
    group.finish();
}

fn doorbell(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("doorbell");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bell");
    let receiver = UnixDatagram::bind(&path).expect("a socket");
    receiver.set_nonblocking(true).expect("non-blocking");
    let sender = UnixDatagram::unbound().expect("a socket");
    let mut buffer = [0; 64];
    group.bench_function("unix datagram, sent and received", |bencher| {
        bencher.iter(|| {
            sender
                .send_to(b"52fdfc07-2182-154f-163f-5f0f9a621d72", &path)
                .expect("sent");
            receiver.recv(&mut buffer).expect("received");
        });
    });
    let word = AtomicU32::new(0);
    group.bench_function("futex wake, nobody waiting", |bencher| {
        bencher.iter(|| {
            word.fetch_add(1, Ordering::Release);
            rustix::thread::futex::wake(&word, rustix::thread::futex::Flags::empty(), 1)
        });
    });
    group.finish();
}

criterion_group!(benches, one_point, doorbell);
criterion_main!(benches);
