/* The table of the factorisations of one type. See lapack.h. */

extern const tp_lapack_loops TABLE(tp_lapack_loops);
const tp_lapack_loops TABLE(tp_lapack_loops) = {
    .cholesky = N(cholesky),
    .lu = N(lu),
    .triangular = N(triangular),
    .lu_solve = N(lu_solve),
    .qr = N(qr),
    .eigh = N(eigh),
    .svd = N(svd),
    .exp = N(exponential),
    .determinant = N(determinant),
    .cofactor = N(cofactor),
    .cofactor_slope = N(cofactor_slope),
};
