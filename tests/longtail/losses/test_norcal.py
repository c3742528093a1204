import torch

from longtail.losses.norcal import norcal_scores

LOGITS = torch.tensor([[2.0, 1.0, 1.5]])
IMAGES = torch.tensor([1000, 10])


def test_gamma_of_zero_is_the_softmax() -> None:
    scores = norcal_scores(LOGITS, IMAGES, gamma=0)
    assert torch.equal(scores, LOGITS.softmax(dim=1))
    torch.testing.assert_close(scores, torch.tensor([[0.506, 0.186, 0.307]]), rtol=0, atol=6e-4)


def test_frequent_categories_lose_more_and_the_row_is_normalised_again() -> None:
    scores = norcal_scores(LOGITS, IMAGES, gamma=0.5)
    torch.testing.assert_close(scores, torch.tensor([[0.042, 0.154, 0.804]]), rtol=0, atol=6e-4)
    torch.testing.assert_close(scores.sum(dim=1), torch.ones(1))


def test_equal_counts_keep_the_ratios_between_categories() -> None:
    scores = norcal_scores(LOGITS, torch.tensor([50, 50]), gamma=0.7)
    softmax = LOGITS.softmax(dim=1)
    torch.testing.assert_close(scores[:, 0] / scores[:, 1], softmax[:, 0] / softmax[:, 1])
    assert torch.equal(norcal_scores(LOGITS, torch.tensor([1, 1]), gamma=0.7), softmax)


def test_a_category_without_images_counts_as_one_with_one() -> None:
    none, one = (norcal_scores(LOGITS, torch.tensor([n, 9]), gamma=1) for n in (0, 1))
    assert torch.equal(none, one)


def test_no_rois_have_no_scores() -> None:
    assert norcal_scores(torch.zeros(0, 3), IMAGES, gamma=1).shape == (0, 3)
