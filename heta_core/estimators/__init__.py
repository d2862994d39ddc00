"""Ways to estimate the Hessian sensitivity from products of the Hessian with directions."""
