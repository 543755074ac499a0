//! Vectors by a model in this process.
//!
//! It works on two threads of its own, and on no worker: one for questions, which somebody waits for, and one for
//! fragments, which nobody does. What a long fragment takes, no question waits for.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use aios_memory::{Embedder, ModelId, Quantized};
use tokio::sync::{mpsc, oneshot};

use super::embed::{Embedded, NoVectors};

/// Questions that wait. At ten milliseconds each, one behind more of them would be late anyway.
const QUESTIONS_MAX: usize = 16;

/// A model, and the threads that run it. They end when it is dropped.
#[derive(Debug)]
pub struct LocalEmbedder {
    model: ModelId,
    questions: Desk,
    fragments: Desk,
}

/// Who waits for vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Haste {
    /// A request, and not for long.
    Question,
    /// Nobody.
    Fragments,
}

impl LocalEmbedder {
    /// Starts the threads.
    ///
    /// # Errors
    /// When the operating system gives none.
    pub fn start(embedder: Arc<dyn Embedder>) -> io::Result<Self> {
        Ok(Self {
            model: embedder.model().clone(),
            questions: Desk::open("embed-questions", QUESTIONS_MAX, Arc::clone(&embedder))?,
            fragments: Desk::open("embed-fragments", 1, embedder)?,
        })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &ModelId {
        &self.model
    }

    /// Vectors of texts, in their order. Of questions none, if too many wait.
    pub(super) async fn vectors(
        &self,
        texts: &[String],
        haste: Haste,
    ) -> Result<Embedded, NoVectors> {
        let mut vectors = Vec::with_capacity(texts.len());
        for text in texts {
            let vector = match haste {
                Haste::Question => self.questions.ask_now(text).ok_or(NoVectors::Away)?,
                Haste::Fragments => self.fragments.ask(text).await.ok_or(NoVectors::Away)?,
            };
            vectors.push(vector.await.map_err(|_ended| NoVectors::Away)?);
        }
        Ok(Embedded { model: self.model.clone(), vectors })
    }
}

/// A thread, and what waits for it.
#[derive(Debug)]
struct Desk(mpsc::Sender<Job>);

/// A text, and who waits for its vector. One of no direction has none, nor has one that the model stumbles over.
struct Job {
    text: String,
    vector: oneshot::Sender<Option<Quantized>>,
}

type Coming = oneshot::Receiver<Option<Quantized>>;

impl Desk {
    fn open(name: &str, n_max: usize, embedder: Arc<dyn Embedder>) -> io::Result<Self> {
        let (jobs, waiting) = mpsc::channel(n_max);
        let work = move || run(&*embedder, waiting);
        std::thread::Builder::new().name(name.to_owned()).spawn(work)?;
        Ok(Self(jobs))
    }

    /// `None` if there is no room.
    fn ask_now(&self, text: &str) -> Option<Coming> {
        let (job, coming) = Job::of(text);
        self.0.try_send(job).ok()?;
        Some(coming)
    }

    /// Waits for room; `None` if the thread has ended.
    async fn ask(&self, text: &str) -> Option<Coming> {
        let (job, coming) = Job::of(text);
        self.0.send(job).await.ok()?;
        Some(coming)
    }
}

impl Job {
    fn of(text: &str) -> (Self, Coming) {
        let (vector, coming) = oneshot::channel();
        (Self { text: text.to_owned(), vector }, coming)
    }
}

fn run(embedder: &dyn Embedder, mut waiting: mpsc::Receiver<Job>) {
    while let Some(Job { text, vector }) = waiting.blocking_recv() {
        // Whoever asked may have given up.
        if vector.is_closed() {
            continue;
        }
        // A text that the model stumbles over costs its own vector, and no other.
        let made = catch_unwind(AssertUnwindSafe(|| Quantized::of(&embedder.embed(&text))));
        drop(vector.send(made.unwrap_or_else(|_panic| {
            tracing::error!("the local model has panicked at a text, which now has no vector");
            None
        })));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Makes vectors of a text's length, tells what it begins, and waits at `slow` for a word.
    #[derive(Debug)]
    struct Scripted {
        model: ModelId,
        began: Mutex<Sender<String>>,
        goes_on: Mutex<Receiver<()>>,
    }

    impl Embedder for Scripted {
        fn model(&self) -> &ModelId {
            &self.model
        }

        fn embed(&self, text: &str) -> Vec<f32> {
            self.began.lock().unwrap().send(text.to_owned()).unwrap();
            match text {
                "slow" => self.goes_on.lock().unwrap().recv().unwrap(),
                "bad" => panic!("at this text"),
                _ => {}
            }
            vec![text.len() as f32, 1.0]
        }
    }

    struct Stand {
        local: Arc<LocalEmbedder>,
        began: Receiver<String>,
        go_on: Sender<()>,
    }

    fn stand() -> Stand {
        let digest = "d".repeat(64);
        let model = ModelId { name: "local".to_owned(), revision: String::new(), digest, dim: 2 };
        let ((tell, began), (go_on, word)) = (channel(), channel());
        let scripted = Scripted { model, began: Mutex::new(tell), goes_on: Mutex::new(word) };
        Stand { local: Arc::new(LocalEmbedder::start(Arc::new(scripted)).unwrap()), began, go_on }
    }

    fn texts(all: &[&str]) -> Vec<String> {
        all.iter().map(|text| (*text).to_owned()).collect()
    }

    #[tokio::test]
    async fn vectors_come_in_the_order_of_their_texts() {
        let Stand { local, .. } = &stand();
        let made = local.vectors(&texts(&["a", "", "four"]), Haste::Fragments).await.unwrap();
        assert_eq!(&made.model, local.model());
        let expect = [[1.0, 1.0], [0.0, 1.0], [4.0, 1.0]].map(|vector| Quantized::of(&vector));
        assert_eq!(made.vectors, expect);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn no_question_waits_for_fragments_and_none_for_too_many_others() {
        let Stand { local, began, go_on } = stand();
        let ask = |text: &str, haste| {
            let (local, texts) = (Arc::clone(&local), texts(&[text]));
            tokio::spawn(async move { local.vectors(&texts, haste).await })
        };
        let fragments = ask("slow", Haste::Fragments);
        assert_eq!(began.recv().unwrap(), "slow");
        assert!(ask("quick", Haste::Question).await.unwrap().is_ok());
        assert_eq!(began.recv().unwrap(), "quick");
        go_on.send(()).unwrap();
        assert!(fragments.await.unwrap().is_ok());

        let first = ask("slow", Haste::Question);
        assert_eq!(began.recv().unwrap(), "slow");
        // All that there is room for, of whom nobody waits any longer.
        let given_up: Vec<Coming> =
            std::iter::from_fn(|| local.questions.ask_now("late")).collect();
        assert_eq!(given_up.len(), QUESTIONS_MAX);
        assert_eq!(ask("more", Haste::Question).await.unwrap().unwrap_err(), NoVectors::Away);
        drop(given_up);
        go_on.send(()).unwrap();
        assert!(first.await.unwrap().is_ok());
        let room = async || loop {
            if let Some(coming) = local.questions.ask_now("next") {
                return coming.await;
            }
            tokio::task::yield_now().await;
        };
        assert!(room().await.is_ok());
        // Not one of those who had given up was computed.
        assert_eq!(began.recv().unwrap(), "next");
    }

    #[tokio::test]
    async fn a_text_that_the_model_stumbles_over_costs_no_other() {
        let Stand { local, .. } = &stand();
        for haste in [Haste::Question, Haste::Fragments] {
            let made = local.vectors(&texts(&["good", "bad", "best"]), haste).await.unwrap();
            let good = Quantized::of(&[4.0, 1.0]);
            assert_eq!(made.vectors, [good.clone(), None, good], "{haste:?}");
        }
    }
}
