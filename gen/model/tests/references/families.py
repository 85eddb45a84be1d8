"""Small models of each family with random weights, and what transformers says to a few texts.

    pip install -r families.txt
    python families.py            # writes families/<kind>/

Every folder has the files that the library writes, in the variants that people have: shards, halves, brain
floats, doubles, vocabularies without tokenizer.json. `expected.safetensors` holds for text i of `texts.json`:
`ids.i` and `types.i`, `hidden.i` (the last hidden state in f32) and `cut.i`, the ids of the text cut to
`LONGEST` tokens by the library. `unusual.safetensors` holds the ids of texts that tokenizers treat differently.
"""

import json
import pathlib
import shutil
import tempfile

import sentencepiece
import tokenizers
import torch
import transformers
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent / "families"
CORPUS = (pathlib.Path(__file__).parent.parent / "data" / "sentences.txt").read_text().splitlines()
TEXTS = [
    ["A cat sits on the mat.", None],
    ["Prices rose by 3.7% in 2021.", None],
    ["Is it safe to eat mushrooms?", "Yes, it is."],
]
# Accents, CJK, runs of spaces, quotation marks, numbers with commas, special tokens as text, nothing at all.
UNUSUAL = [
    "  Crème   brûlée, s'il vous plaît!  ",
    "東京 is the capital of 日本.",
    "``quoted'' text\tand a tab\nand a line",
    "1,234,567 and 3.14, 2021,",
    "ﬁnancial ½ №5 Ｆｕｌｌ",
    "NaÏve CAFÉ İstanbul ß",
    "emoji 🙂 here",
    "",
]
LONGEST = 9
WIDTH, HEADS, INNER, LAYERS, POSITIONS = 32, 4, 48, 2, 40


def wordpiece(folder, lower, **settings):
    """vocab.txt, as BERT's tokenizer has it."""
    tokenizer = tokenizers.BertWordPieceTokenizer(lowercase=lower)
    tokenizer.train_from_iterator(CORPUS, vocab_size=240, min_frequency=1, show_progress=False)
    words = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    (folder / "vocab.txt").write_text("".join(f"{word}\n" for word, _ in words))
    (folder / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower, **settings}))
    return len(words)


def byte_pairs(folder):
    """vocab.json and merges.txt, as RoBERTa's tokenizer has them."""
    tokenizer = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tokenizer.train_from_iterator(CORPUS, vocab_size=330, min_frequency=1, special_tokens=special, show_progress=False)
    tokenizer.save_model(str(folder))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "RobertaTokenizer"}))
    return tokenizer.get_vocab_size()


def pieces(folder, name, **control):
    """A model of SentencePiece."""
    with tempfile.TemporaryDirectory() as scratch:
        # The library's own rules are a quarter of a megabyte.
        rules = pathlib.Path(scratch) / "rules.tsv"
        rules.write_text("FB01\t66 69\nFF26\t46\nFF55\t75\nFF4C\t6C\n2116\t4E 6F\n0009\t20\n000A\t20\n")
        control.setdefault("normalization_rule_tsv", str(rules))
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_prefix=f"{scratch}/m", vocab_size=150, model_type="unigram",
            num_threads=1, minloglevel=2, **control)
        shutil.copy(f"{scratch}/m.model", folder / name)
    return 150


def randomise(model):
    """Weights as large as trained ones', and layer norms that are not 1 and 0."""
    for name, parameter in sorted(model.named_parameters()):
        norm = "norm" in name.lower()
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, 0, 0.1)
        elif norm:
            torch.nn.init.normal_(parameter, 1, 0.1)
        elif "embeddings" in name and "project" not in name and "mapping" not in name:
            torch.nn.init.normal_(parameter, 0, 0.3)
        else:
            torch.nn.init.normal_(parameter, 0, 1 / parameter.shape[-1] ** 0.5)


def common(words, **more):
    return dict(vocab_size=words, hidden_size=WIDTH, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
                intermediate_size=INNER, max_position_embeddings=POSITIONS, **more)


def bert(folder):
    words = wordpiece(folder, True)
    config = transformers.BertConfig(**common(words))
    tokenizer = transformers.BertTokenizerFast.from_pretrained(folder)
    return transformers.BertForSequenceClassification(config), tokenizer, dict(dtype=torch.float32, shards="40KB")


def bert_cased(folder):
    words = wordpiece(folder, False, strip_accents=True, tokenize_chinese_chars=False, model_max_length=32)
    config = transformers.BertConfig(**common(words, hidden_act="relu"))
    tokenizer = transformers.BertTokenizerFast.from_pretrained(folder)
    return transformers.BertForMaskedLM(config), tokenizer, dict(dtype=torch.float16)


def albert(folder):
    words = pieces(folder, "spiece.model", pad_id=0, unk_id=1, bos_id=-1, eos_id=-1,
                   control_symbols="[CLS],[SEP]", user_defined_symbols="[MASK]")
    settings = {"do_lower_case": True, "keep_accents": False, "tokenizer_class": "AlbertTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    config = transformers.AlbertConfig(**common(words, embedding_size=16, inner_group_num=2, hidden_act="gelu_new"))
    tokenizer = transformers.AlbertTokenizerFast.from_pretrained(folder)
    return transformers.AlbertForSequenceClassification(config), tokenizer, dict(dtype=torch.float16)


def albert_groups(folder):
    words = pieces(folder, "spiece.model", pad_id=0, unk_id=1, bos_id=-1, eos_id=-1,
                   control_symbols="[CLS],[SEP]", user_defined_symbols="[MASK]",
                   normalization_rule_name="identity", normalization_rule_tsv="")
    settings = {"do_lower_case": False, "keep_accents": True, "tokenizer_class": "AlbertTokenizer"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    config = transformers.AlbertConfig(**common(words, embedding_size=16, num_hidden_groups=2, inner_group_num=2,
                                                hidden_act="gelu_new"))
    config.num_hidden_layers = 4
    tokenizer = transformers.AlbertTokenizerFast.from_pretrained(folder)
    return transformers.AlbertModel(config), tokenizer, dict(dtype=torch.bfloat16)


def roberta(folder):
    words = byte_pairs(folder)
    config = transformers.RobertaConfig(**common(words, type_vocab_size=1, layer_norm_eps=1e-5))
    tokenizer = transformers.RobertaTokenizerFast.from_pretrained(folder)
    return transformers.RobertaForSequenceClassification(config), tokenizer, dict(dtype=torch.float16)


def distilbert(folder):
    words = wordpiece(folder, True)
    config = transformers.DistilBertConfig(vocab_size=words, dim=WIDTH, n_layers=1, n_heads=HEADS,
                                           hidden_dim=INNER, max_position_embeddings=POSITIONS)
    tokenizer = transformers.DistilBertTokenizerFast.from_pretrained(folder)
    return transformers.DistilBertForSequenceClassification(config), tokenizer, dict(dtype=torch.float64)


def electra(folder):
    words = wordpiece(folder, True)
    config = transformers.ElectraConfig(**common(words, embedding_size=16))
    tokenizer = transformers.ElectraTokenizerFast.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return transformers.ElectraForPreTraining(config), tokenizer, dict(dtype=torch.float16)


def electra_wide(folder):
    words = wordpiece(folder, True)
    config = transformers.ElectraConfig(**common(words, embedding_size=WIDTH))
    tokenizer = transformers.ElectraTokenizerFast.from_pretrained(folder)
    return transformers.ElectraForSequenceClassification(config), tokenizer, dict(dtype=torch.bfloat16)


def fairseq(folder, fast, config, head):
    pieces(folder, "sentencepiece.bpe.model", unk_id=0, bos_id=1, eos_id=2)
    tokenizer = fast.from_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "sentencepiece.bpe.model").unlink()
    config = config(**common(len(tokenizer), type_vocab_size=1, layer_norm_eps=1e-5))
    return head(config), tokenizer, dict(dtype=torch.float16)


def xlm_roberta(folder):
    return fairseq(folder, transformers.XLMRobertaTokenizerFast, transformers.XLMRobertaConfig,
                   transformers.XLMRobertaForMaskedLM)


def camembert(folder):
    return fairseq(folder, transformers.CamembertTokenizerFast, transformers.CamembertConfig,
                   transformers.CamembertModel)


def mobilebert(folder):
    words = wordpiece(folder, True)
    config = transformers.MobileBertConfig(**common(words, embedding_size=16, intra_bottleneck_size=16,
                                                    true_hidden_size=16))
    config.save_pretrained(folder)


KINDS = [bert, bert_cased, albert, albert_groups, roberta, distilbert, electra, electra_wide, xlm_roberta, camembert]


def encode(tokenizer, pair, **more):
    return tokenizer(*pair, **more) if pair[1] is not None else tokenizer(pair[0], **more)


@torch.no_grad()
def write(make):
    folder = HERE / make.__name__
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(7)
    model, tokenizer, how = make(folder)
    randomise(model)
    model = model.to(how["dtype"])
    model.save_pretrained(folder, max_shard_size=how.get("shards", "5GB"))
    # What the file holds, in f32.
    model = model.to(torch.float32).eval()
    encoder = model.base_model
    expected = {}
    for i, pair in enumerate(TEXTS):
        encoding = encode(tokenizer, pair, return_tensors="pt")
        expected[f"ids.{i}"] = encoding["input_ids"][0].to(torch.int32)
        expected[f"hidden.{i}"] = encoder(**encoding).last_hidden_state[0].contiguous()
        if "token_type_ids" in encoding:
            expected[f"types.{i}"] = encoding["token_type_ids"][0].to(torch.int32)
        cut = encode(tokenizer, pair, truncation=True, max_length=LONGEST, return_tensors="pt")
        expected[f"cut.{i}"] = cut["input_ids"][0].to(torch.int32)
    save_file(expected, folder / "expected.safetensors")
    unusual = {f"ids.{i}": torch.tensor(tokenizer(text)["input_ids"], dtype=torch.int32)
               for i, text in enumerate(UNUSUAL)}
    save_file(unusual, folder / "unusual.safetensors")


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    (HERE / "texts.json").write_text(json.dumps({"texts": TEXTS, "unusual": UNUSUAL, "longest": LONGEST}, indent=1,
                                                ensure_ascii=False) + "\n")
    for make in KINDS:
        write(make)
    for make in [mobilebert]:
        folder = HERE / make.__name__
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        make(folder)
