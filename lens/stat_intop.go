package lens

import (
	"fmt"
	"strconv"
	"strings"
)

const inTopName = "in_top_"

// InTop is 1 for a target that fewer than k tokens exceed in their logits, and else 0. A
// target with a NaN logit is in no top. The mean over a text is the share of such targets.
func InTop(k int) Stat {
	return Stat{
		Name: inTopName + strconv.Itoa(k), Title: fmt.Sprintf("target in the top %d", k),
		Doc:       fmt.Sprintf("1 where fewer than %d tokens have a larger logit than the target, else 0", k),
		OfTargets: true,
		Exact: fmt.Sprintf(`
def stat(self, x: Tensor, at: Tensor, ids: Tensor) -> Tensor:
    t = x[0][at[:, None], ids]
    above: List[Tensor] = []
    for n in range(ids.size(-1)):
        one = torch.zeros_like(x[..., :1])
        one[0, at, 0] = t[:, n]
        above.append((x > one).sum(-1)[0, at])
    return (torch.stack(above, -1) < %d).logical_and_(torch.isnan(t).logical_not_()).to(x.dtype)
`, k),
		Fast: func(c FastCell) float32 {
			if c.TargetLogit == c.TargetLogit && c.TargetRank <= int64(k) {
				return 1
			}
			return 0
		},
	}
}

// inTopOf returns the statistic of a name such as "in_top_3".
func inTopOf(name string) (Stat, bool) {
	digits, ok := strings.CutPrefix(name, inTopName)
	k, err := strconv.Atoi(digits)
	if !ok || err != nil || k < 1 || strconv.Itoa(k) != digits {
		return Stat{}, false
	}
	return InTop(k), true
}
