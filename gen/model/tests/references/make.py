"""Small models with tasks, written by the libraries themselves, and the logits that these answer with.

    python3 -m venv venv && venv/bin/pip install -r requirements.txt
    venv/bin/python make.py

Their weights were trained for a moment, on a task that anything can learn. `logits.json` has for each model its folder, and for each task the logits of every sequence of
token ids; a model without a task answers with its own classifier. The tests read all of this and need no Python.
"""

import json
import shutil
from pathlib import Path

import adapters
import torch
from adapters import AdapterConfig, BnConfig, ConfigUnion, DoubleSeqBnConfig, LoRAConfig, ParBnConfig, SeqBnConfig
from safetensors.torch import save_file
from transformers import (
    AlbertConfig,
    AlbertForSequenceClassification,
    BertConfig,
    BertForSequenceClassification,
)

HERE = Path(__file__).parent
WORDS = 32
SHAPE = dict(
    vocab_size=WORDS,
    hidden_size=24,
    num_attention_heads=3,
    intermediate_size=36,
    max_position_embeddings=20,
    type_vocab_size=2,
    hidden_dropout_prob=0.0,
    attention_probs_dropout_prob=0.0,
    classifier_dropout_prob=0.0,
)
BERT = BertConfig(num_hidden_layers=2, hidden_act="gelu", **SHAPE)
ALBERT = AlbertConfig(num_hidden_layers=3, embedding_size=16, num_hidden_groups=1, hidden_act="gelu_new", **SHAPE)
GROUPED = AlbertConfig(num_hidden_layers=4, embedding_size=16, num_hidden_groups=2, hidden_act="gelu_new", **SHAPE)

torch.set_num_threads(1)
torch.manual_seed(1)
SEQUENCES = [torch.randint(5, WORDS, (length,)).tolist() for length in (3, 5, 8, 12, 17)]

HALF = dict(reduction_factor=8, non_linearity="gelu")
MH = dict(mh_adapter=True, output_adapter=False, **HALF)
OUTPUT = dict(mh_adapter=False, output_adapter=True, **HALF)

ADAPTERS = {
    "houlsby": DoubleSeqBnConfig(),
    "houlsby_gelu": DoubleSeqBnConfig(non_linearity="gelu", reduction_factor=8),
    "houlsby_upper_case": DoubleSeqBnConfig(non_linearity="ReLU", reduction_factor=4),
    "houlsby_by_layer": DoubleSeqBnConfig(non_linearity="relu", reduction_factor={"0": 4, "default": 8}),
    "houlsby_scaled": DoubleSeqBnConfig(non_linearity="gelu", reduction_factor=8, scaling=4.0),
    "scaling_learned": DoubleSeqBnConfig(reduction_factor=8, scaling="learned"),
    "scaling_by_channel": DoubleSeqBnConfig(reduction_factor=8, scaling="channel"),
    "left_out": DoubleSeqBnConfig(reduction_factor=8, leave_out=[1]),
    "pfeiffer": SeqBnConfig(reduction_factor=8),
    "pfeiffer_of_both": BnConfig(mh_adapter=True, output_adapter=True, original_ln_before=True, **HALF),
    "parallel": ParBnConfig(reduction_factor=8),
    "parallel_of_both": BnConfig(mh_adapter=True, output_adapter=True, is_parallel=True, **HALF),
    "union_of_widths": ConfigUnion(BnConfig(**{**MH, "reduction_factor": 4}), BnConfig(**OUTPUT)),
    "union_of_wirings": ConfigUnion(BnConfig(is_parallel=True, **MH), BnConfig(**OUTPUT)),
    "lora": LoRAConfig(r=4, alpha=8),
    "lora_of_all": LoRAConfig(
        r=2, alpha=2, attn_matrices=["q", "k", "v"], intermediate_lora=True, output_lora=True, leave_out=[1]
    ),
    "lora_and_parallel": ConfigUnion(LoRAConfig(r=2, alpha=4), ParBnConfig(reduction_factor=8)),
}
HEADS = {
    "head_1": dict(layers=1),
    "head_2": dict(),
    "head_2_relu": dict(activation_function="relu"),
    "head_2_linear": dict(activation_function=None),
    "head_3": dict(layers=3),
    "head_1_pooler": dict(layers=1, use_pooler=True),
    "head_2_pooler": dict(layers=2, use_pooler=True),
}
# What is refused: other wirings, and parameters that no merged weight stands for.
REFUSED = {
    "refused_ia3": AdapterConfig.load("ia3"),
    "refused_dora": LoRAConfig(r=2, use_dora=True),
    "refused_gating": DoubleSeqBnConfig(reduction_factor=8, use_gating=True),
    "refused_own_norm": DoubleSeqBnConfig(reduction_factor=8, ln_after=True),
}


def named(config):
    """The same with names of three classes."""
    labels = ["no", "maybe", "yes"]
    names = dict(id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)})
    return type(config)(**{**config.to_dict(), **names})


def draw(parameters, seed, deviation=0.25):
    """Gives every parameter, by its name, another value: gains about 1, all else about 0."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(parameters, key=lambda item: item[0]):
            gain = "layernorm" in name.lower().replace("_", "") and name.endswith("weight")
            gain = gain or name.endswith("scaling") or name.endswith(".m.weight")
            drawn = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(1 + 0.2 * drawn if gain else deviation * drawn)


def train(model, parameters, steps, **arguments):
    """Teaches these parameters of a model to tell which of three classes the first token is of."""
    model.requires_grad_(False)
    trained = [parameter.requires_grad_() for _, parameter in parameters]
    generator = torch.Generator().manual_seed(5)
    optimiser = torch.optim.Adam(trained, lr=3e-3)
    for _ in range(steps):
        length = int(torch.randint(3, 18, (1,), generator=generator))
        ids = torch.randint(5, WORDS, (32, length), generator=generator)
        loss = torch.nn.functional.cross_entropy(model(ids, **arguments).logits, ids[:, 0] % 3)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    print(f"loss {float(loss.detach()):.3f}")


def logits(model, **arguments):
    """The logits of every sequence, as they are written."""
    model.eval()
    with torch.no_grad():
        answers = [model(torch.tensor([ids]), **arguments).logits[0] for ids in SEQUENCES]
    return [[round(float(x), 7) for x in answer] for answer in answers]


def base(name, config, static):
    """An encoder that was trained, in a folder of its own."""
    model = static(named(config))
    draw(model.named_parameters(), 2, 0.15)
    train(model, list(model.named_parameters()), 500)
    encoder = model.base_model
    encoder.save_pretrained(HERE / name)
    return HERE / name


def tasks(name, config, static, some=None):
    """All kinds of tasks of a model, or some."""
    folder = base(name, config, static)
    answers = {}
    configs = ADAPTERS | {head: None for head in HEADS} | REFUSED
    configs = {task: configs[task] for task in some or configs}
    for seed, (task, adapter) in enumerate(configs.items()):
        model = adapters.AutoAdapterModel.from_pretrained(folder)
        target = folder / "tasks" / task
        target.mkdir(parents=True)
        if adapter is not None:
            model.add_adapter(task, config=adapter)
            model.set_active_adapters(task)
        model.add_classification_head(task, num_labels=3, **HEADS.get(task, dict(layers=1)))
        own = [(n, p) for n, p in model.named_parameters() if f".{task}." in n]
        draw(own, 100 + seed, 0.1)
        if task not in REFUSED:
            train(model, own, 150, head=task)
            answers[task] = logits(model, head=task)
        if adapter is not None:
            model.save_adapter(target, task, with_head=False, use_safetensors=True)
        model.save_head(target, task, use_safetensors=True)
    model = static.from_pretrained(folder, config=named(config))
    adapters.init(model)
    model.add_adapter("st", config=DoubleSeqBnConfig(non_linearity="gelu", reduction_factor=8))
    model.set_active_adapters("st")
    own = [(n, p) for n, p in model.named_parameters() if ".st." in n or n.startswith("classifier")]
    draw(own, 99, 0.1)
    train(model, own, 150)
    answers["static"] = logits(model)
    (folder / "tasks/static").mkdir()
    model.save_adapter(folder / "tasks/static", "st", with_head=True, use_safetensors=True)
    return answers


def own_class(name, config, kind):
    """A checkpoint with a classifier of its own."""
    model = kind(named(config))
    draw(model.named_parameters(), 3, 0.15)
    train(model, list(model.named_parameters()), 500)
    model.save_pretrained(HERE / name)
    return model


class Highway(torch.nn.Module):
    """DeeBERT's off-ramp; EdgeBERT's is the same with a plain linear layer as the pooler."""

    def __init__(self, config, plain):
        super().__init__()
        self.pooler = torch.nn.Module()
        dense = torch.nn.Linear(config.hidden_size, config.hidden_size)
        if plain:
            self.pooler = dense
        else:
            self.pooler.dense = dense
        self.classifier = torch.nn.Linear(config.hidden_size, 3)
        self.dense = [dense]

    def forward(self, hidden):
        return self.classifier(torch.tanh(self.dense[0](hidden[:, 0])))


def early(name, config, kind, plain, count, **settings):
    """A checkpoint with off-ramps, and their logits after every layer."""
    model = own_class(name, config, kind)
    ramps = torch.nn.ModuleList(Highway(config, plain) for _ in range(count))
    draw(ramps.named_parameters(), 4)
    prefix = model.base_model_prefix
    state = {key: tensor.clone().contiguous() for key, tensor in model.state_dict().items()}
    state |= {f"{prefix}.encoder.highway.{key}": tensor.clone() for key, tensor in ramps.state_dict().items()}
    save_file(state, HERE / name / "model.safetensors", metadata={"format": "pt"})
    path = HERE / name / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings, indent=2) + "\n")
    model.eval()
    answers = []
    with torch.no_grad():
        for ids in SEQUENCES:
            hidden = model(torch.tensor([ids]), output_hidden_states=True).hidden_states[1:]
            ramp = [ramps[min(i, count - 1)](x)[0] for i, x in enumerate(hidden[:-1])]
            answers.append([[round(float(x), 7) for x in logits] for logits in ramp])
    return {"logits": logits(model), "off_ramps": answers}


def main():
    for folder in HERE.iterdir():
        if folder.is_dir() and folder.name != "venv":
            shutil.rmtree(folder)
    answers = {
        "bert": tasks("bert", BERT, BertForSequenceClassification),
        "albert": tasks("albert", ALBERT, AlbertForSequenceClassification),
        "albert_of_groups": tasks(
            "albert_of_groups",
            GROUPED,
            AlbertForSequenceClassification,
            ["houlsby_by_layer", "left_out", "union_of_widths", "lora_of_all"],
        ),
    }
    own = {
        "bert_classifier": {"logits": logits(own_class("bert_classifier", BERT, BertForSequenceClassification))},
        "albert_classifier": {"logits": logits(own_class("albert_classifier", ALBERT, AlbertForSequenceClassification))},
        "deebert": early("deebert", BERT, BertForSequenceClassification, False, 2),
        "edgebert": early("edgebert", ALBERT, AlbertForSequenceClassification, True, 3),
        "edgebert_one": early("edgebert_one", ALBERT, AlbertForSequenceClassification, True, 1, one_class=True),
    }
    text = {"sequences": SEQUENCES, "tasks": answers, "own": own, "refused": sorted(REFUSED)}
    for path in HERE.rglob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()), separators=(",", ":")) + "\n")
    (HERE / "logits.json").write_text(json.dumps(text, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
