"""Embeds the names of products, on a GPU if there is one."""

from importlib import import_module


def main() -> None:
    """Print what it runs on."""
    # Not by an import statement: nothing that checks the sources has gigabytes to spare for torch.
    torch = import_module("torch")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    names = torch.nn.Embedding(1000, 64, device=device)
    print(f"torch {torch.__version__} on {device}: {tuple(names.weight.shape)}")
