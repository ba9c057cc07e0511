//! scratch
use swath::*;
#[tokio::main]
async fn main() -> Result<()> {
    let a: Vec<String> = std::env::args().collect();
    let s = Session::new(SessionOptions::default())?;
    let t = std::time::Instant::now();
    let l = s.open_layer(&a[1], "A", "HHHH", ReadLimits::default()).await?;
    eprintln!("{:?} waves {} axes", t.elapsed(), l.tree().object().waves());
    let c = l.clip_box(LonLatBox::new(40.8463, 13.2553, 40.8574, 13.2684)?).await?;
    eprintln!("{:?} {:?} {:?}", c.window()?, c.statistics().await?, t.elapsed());
    println!("{}", l.tree());
    let t = std::time::Instant::now();
    let whole = l.statistics().await?;
    eprintln!("whole {:?} {:?} waves {}", whole, t.elapsed(), l.tree().object().waves());
    Ok(())
}
